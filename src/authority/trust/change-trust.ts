import { createUuid } from '../../crypto/uuid.ts';
import { HanaperError } from '../../errors.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findOrganization, listOrganizations } from '../../store/tables/organizations.ts';
import { listAccepting, listTrusting } from '../../store/tables/trust-rows.ts';
import { insertSnapshot, listUnsignedOrganizations, wasTrustSigned } from '../../store/tables/trust-snapshots.ts';
import { signSnapshot } from '../../trust/snapshot.ts';
import { encodeTrustState, maxStateKeys, type TrustState } from '../../trust/state.ts';
import type { Vault } from '../../vault/vault.ts';
import { corruptRow } from '../log/corrupt-row.ts';
import type { CommandContext } from '../schemas/command.ts';
import { openTrust } from './open-trust.ts';
import { resolveTrust } from './resolve-trust.ts';

/** Whose trust may change, by ids. */
export type Affected = readonly string[];

/** What was trusted before a change, by the ids of organisations. */
export type TrustBefore = ReadonlyMap<string, TrustState>;

interface Signing {
  readonly transaction: Transaction;
  readonly now: string;
  vault(): Vault;
}

const first = 1;

/**
 * Does what can change the trust of organisations, and signs the next snapshot of each whose trust it has changed.
 * What was there before is checked against its own snapshot first, so that nothing slipped in is signed along, and is
 * given to the change, by the organisations' ids.
 *
 * @throws HanaperError `trust_tampered`, `too_large`, `locked`, and what `change` throws
 */
export async function changeTrust<Result>(
  context: CommandContext,
  affected: Affected,
  change: (before: TrustBefore) => Promise<Result>,
): Promise<Result> {
  const { transaction, authority } = context;
  const before = new Map<string, TrustState>();
  for (const id of affected) {
    before.set(id, await openTrust(transaction, authority, await requireOrganisation(transaction, id)));
  }
  const result = await change(before);
  for (const [id, state] of before) await signIfChanged(context, id, state);
  return result;
}

/** Whose trust a change of one organisation's own trust can touch: its own, and that of those who accept its keys. */
export async function affectedBy(transaction: Transaction, organisation: string): Promise<Affected> {
  return withAccepting(transaction, [organisation]);
}

/** Whose trust a change of a signing key can touch: also that of all who trust it, and of those who accept theirs. */
export async function affectedByKey(
  transaction: Transaction,
  organisation: string,
  fingerprint: string,
): Promise<Affected> {
  return withAccepting(transaction, [organisation, ...(await listTrusting(transaction, fingerprint))]);
}

/** Signs the first snapshot of an organisation that is new. */
export async function signFirstSnapshot(context: Signing, organisation: OrganizationRow): Promise<void> {
  const found = await resolveTrust(context.transaction, organisation);
  await writeSnapshot(context, organisation.id, { ...found, version: first });
}

/** Whether every organisation has a snapshot, or one is missing that cannot be made: not so in an older database. */
async function isTrustSigned(transaction: Transaction): Promise<boolean> {
  return (await listUnsignedOrganizations(transaction)).length === 0 || wasTrustSigned(transaction);
}

/** Signs what every organisation trusts, where nothing was ever signed. What stands there by then is taken for true. */
export async function signEverySnapshot(context: Signing): Promise<void> {
  if (await isTrustSigned(context.transaction)) return;
  for (const organisation of await listOrganizations(context.transaction)) {
    await signFirstSnapshot(context, organisation);
  }
}

async function withAccepting(transaction: Transaction, organisations: readonly string[]): Promise<Affected> {
  return [...new Set([...organisations, ...(await listAccepting(transaction, organisations))])];
}

async function signIfChanged(context: Signing, id: string, before: TrustState): Promise<void> {
  const { transaction } = context;
  const found = await resolveTrust(transaction, await requireOrganisation(transaction, id));
  const { version } = before;
  if (encodeTrustState({ ...found, version }) === encodeTrustState(before)) return;
  await writeSnapshot(context, id, { ...found, version: version + 1 });
}

async function writeSnapshot({ transaction, now, vault }: Signing, orgId: string, state: TrustState): Promise<void> {
  if (state.keys.length > maxStateKeys) throw tooManyKeys(state);
  const { payload, signature } = await signSnapshot(vault(), { createdAt: now, state });
  const { version } = state;
  await insertSnapshot(transaction, {
    id: createUuid(new Date(now)),
    orgId,
    version,
    payload,
    signature,
    createdAt: now,
  });
}

async function requireOrganisation(transaction: Transaction, id: string): Promise<OrganizationRow> {
  const organisation = await findOrganization(transaction, { id });
  if (organisation) return organisation;
  throw corruptRow(`organisation ${id}`);
}

function tooManyKeys({ organisation: { name } }: TrustState): HanaperError {
  return new HanaperError(
    'too_large',
    `${name} would have more than ${maxStateKeys} keys in its trust, revoked ones included. Accept fewer by ACLs.`,
    { most: maxStateKeys },
  );
}
