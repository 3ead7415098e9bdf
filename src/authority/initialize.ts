import { requireRefusal } from '../attempt.ts';
import { createUuid } from '../crypto/uuid.ts';
import { HanaperError } from '../errors.ts';
import type { Observer } from '../events.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import { describeLocation, parseDatabaseUrl } from '../store/engine/location.ts';
import { takeLock } from '../store/engine/lock.ts';
import { requireCreatable } from '../store/engine/require-creatable.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { nameLocation } from '../store/location-names.ts';
import { openDatabase } from '../store/open-database.ts';
import { getAuthority, insertAuthority } from '../store/tables/authority.ts';
import { insertKeySlot } from '../store/tables/key-slots.ts';
import { formatCid } from '../ucan/encoding/cid.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import { DelegationCache } from '../ucan/token/delegation-cache.ts';
import { latestVersion, type SlotKind } from '../vault/authority-statement.ts';
import { requireCostsWithinBounds } from '../vault/costs.ts';
import { createVault, type NewVault } from '../vault/create.ts';
import type { Credential, SlotPlan } from '../vault/slot.ts';
import { appointOperator } from './appoint-operator.ts';
import { createOrganisation, type OrganisationDocument } from './commands/org.ts';
import { withoutMemo } from './execution/memo.ts';
import { openRequestBudget } from './execution/request-budget.ts';
import type { KnownAuthorities } from './identity/known-authorities.ts';
import { pinAuthority } from './identity/pinning.ts';
import { beginLog } from './log/own-entries.ts';
import { requireNothingLeft } from './require-nothing-left.ts';
import { parseArgs } from './schemas/parse-args.ts';
import { rememberPrincipals } from './tokens/principals.ts';
import { StoredTokens } from './tokens/stored-tokens.ts';

/** How a database is initialised. */
export interface InitializeOptions {
  /** `sqlite:PATH` or `postgres://…` */
  readonly database: string;
  readonly slot: SlotKind;
  readonly credential: Credential;
  /** Argon2id costs; not used by a raw slot. */
  readonly costs: SlotPlan['costs'];
  /** Name of a first organisation, made in the same transaction. */
  readonly organisation?: string;
  /** DID of somebody to whom all is delegated, in the same transaction. */
  readonly operator?: string;
  readonly knownAuthorities?: KnownAuthorities;
  readonly observer?: Observer;
  readonly clock?: () => Date;
}

/** What was made. */
export interface Initialized {
  readonly database: string;
  readonly did: string;
  readonly publicKey: Uint8Array;
  readonly slot: SlotKind;
  readonly organisation?: OrganisationDocument;
  /** What was delegated to the operator, where one was named. */
  readonly delegations?: readonly Delegation[];
  /** The authority that was pinned for this database before, and no longer is. */
  readonly replaced?: string;
}

const optionNames: OptionNames<InitializeOptions> = {
  database: true,
  slot: true,
  credential: true,
  costs: true,
  organisation: true,
  operator: true,
  knownAuthorities: true,
  observer: true,
  clock: true,
};

/**
 * Initialises a database, once: root secret, key slot, authority row, and a first organisation if one is named.
 *
 * @throws HanaperError `already_initialized`, `bad_input`, `bad_config`, `unavailable`, `database_newer`, `database_corrupt`
 */
export async function initializeAuthority(options: InitializeOptions): Promise<Initialized> {
  requireKnownOptions('initializeAuthority', options, optionNames);
  const { organisation: name, knownAuthorities, clock = () => new Date() } = options;
  if (name !== undefined) parseArgs(createOrganisation.args, { name });
  const now = clock();
  const plan = {
    id: createUuid(now),
    createdAt: now.toISOString(),
    credential: options.credential,
    costs: options.costs,
  };
  const location = parseDatabaseUrl(options.database);
  // Pins that cannot be read are reported before anything is made.
  knownAuthorities?.find(describeLocation(location));
  const created = await createVault(plan, options.slot);
  using vault = created.vault;
  const database = await openDatabase(location, 'create');
  try {
    const names = await nameLocation(location, database);
    const { organisation, delegations, replaced } = await database.transact('write', async (transaction) => {
      await writeAuthority(transaction, created);
      const context = contextOf(transaction, created, plan.createdAt);
      await rememberPrincipals(context, [vault.did], 'authority');
      const made = name === undefined ? undefined : await createOrganisation.run(context, { name });
      const { operator } = options;
      const granted = operator === undefined ? undefined : await appointOperator(context, vault, operator);
      // Pinned before the commit: a database whose authority cannot be remembered is not made.
      await beginLog(transaction, vault, plan.createdAt);
      return {
        organisation: made,
        delegations: granted,
        replaced: knownAuthorities && pinAuthority(names, vault.did, knownAuthorities),
      };
    });
    reportInitialized(options, plan, delegations);
    return {
      database: database.name,
      did: vault.did,
      publicKey: vault.publicKey,
      slot: options.slot,
      ...(organisation && { organisation }),
      ...(delegations && { delegations }),
      ...(replaced !== undefined && { replaced }),
    };
  } finally {
    await database.close();
  }
}

function reportInitialized(
  { observer, slot: kind }: InitializeOptions,
  { id: slot, createdAt: time }: { readonly id: string; readonly createdAt: string },
  delegations: readonly Delegation[] = [],
): void {
  observer?.({ name: 'slot.added', time, details: { slot, kind } });
  for (const { cid, issuer, audience, subject, command } of delegations) {
    const details = { cid: formatCid(cid), issuer, audience, subject, command };
    observer?.({ name: 'ucan.delegation.issued', time, details });
  }
}

/**
 * Finds what would refuse an initialisation, before somebody is asked for a passphrase.
 *
 * @throws HanaperError as {@link initializeAuthority} does
 */
export async function requireInitializable(options: Omit<InitializeOptions, 'credential' | 'slot'>): Promise<void> {
  const { organisation: name, knownAuthorities, costs, database } = options;
  if (name !== undefined) parseArgs(createOrganisation.args, { name });
  requireCostsWithinBounds(costs);
  const location = parseDatabaseUrl(database);
  knownAuthorities?.find(describeLocation(location));
  await requireUninitialized(database);
  requireCreatable(location);
}

/**
 * Finds out early whether a database is initialised already, before anything is asked or made.
 *
 * @throws HanaperError `already_initialized`, `bad_config`, `unavailable`, `database_newer`, `database_corrupt`
 */
export async function requireUninitialized(databaseUrl: string): Promise<void> {
  try {
    const database = await openDatabase(parseDatabaseUrl(databaseUrl), 'use');
    try {
      await database.transact('read', async (transaction) => {
        if (await getAuthority(transaction)) throw alreadyInitialized(database.name);
        await requireNothingLeft(transaction);
      });
    } finally {
      await database.close();
    }
  } catch (error) {
    requireRefusal(error, 'not_initialized');
  }
}

async function writeAuthority(transaction: Transaction, { authority, slot }: NewVault): Promise<void> {
  await takeLock(transaction, 'authority');
  if (await getAuthority(transaction)) throw alreadyInitialized('This database');
  await requireNothingLeft(transaction);
  await insertAuthority(transaction, authority);
  await insertKeySlot(transaction, slot);
}

function contextOf(transaction: Transaction, { vault }: NewVault, now: string) {
  return {
    transaction,
    now,
    entryIndex: 0,
    enrolledAt: now,
    authority: { did: vault.did, publicKey: vault.publicKey, version: latestVersion },
    tokens: new StoredTokens(transaction, new DelegationCache()),
    vault: () => vault,
    budget: openRequestBudget(),
    given: [],
    recall: withoutMemo,
    emit: () => undefined,
    afterCommit: () => undefined,
    lock: () => undefined,
  };
}

function alreadyInitialized(name: string): HanaperError {
  return new HanaperError('already_initialized', `${name} is initialised already, and can be only once.`, {
    database: name,
    remedy: 'name_another_database',
  });
}
