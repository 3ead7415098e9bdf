import { HanaperError } from '../errors.ts';
import type { EventName, HanaperEvent, Observer } from '../events.ts';
import { readTime } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { listKeySlots } from '../store/key-slots.ts';
import type { Transaction } from '../store/transaction.ts';
import type { TrustMaterial, TrustQuery, TrustSource } from '../trust/source.ts';
import type { DelegationCache } from '../ucan/delegation-cache.ts';
import type { AuthorityIdentity } from '../vault/authority-statement.ts';
import type { Credential } from '../vault/slot.ts';
import { type Unlocked, unlockVault } from '../vault/unlock.ts';
import type { Vault } from '../vault/vault.ts';
import type { Command, CommandContext, CommandSubject } from './command.ts';
import { resolveOrganisation } from './find-organisation.ts';
import { gatherTrust } from './gather-trust.ts';
import { parseArgs } from './parse-args.ts';
import type { StoredTokens } from './stored-tokens.ts';

/** What an authority is made of. */
export interface AuthorityParts {
  readonly database: Database;
  readonly identity: AuthorityIdentity;
  readonly observer?: Observer;
  /** Default: the database's own time. */
  readonly clock?: () => Date;
}

/**
 * An open database with its authority: executes commands, and is a source of trust for verifiers.
 * Reads and verification work while it is locked.
 */
export class Authority implements TrustSource, AsyncDisposable {
  readonly database: Database;
  readonly identity: AuthorityIdentity;
  readonly #observer: Observer | undefined;
  readonly #clock: (() => Date) | undefined;
  #vault: Vault | undefined;
  /** Delegations whose signatures were verified in this process. */
  #verified: DelegationCache | undefined;

  constructor({ database, identity, observer, clock }: AuthorityParts) {
    this.database = database;
    this.identity = identity;
    this.#observer = observer;
    this.#clock = clock;
  }

  /** Whether writing needs {@link unlock} first. */
  get locked(): boolean {
    return this.#vault === undefined;
  }

  /**
   * Opens the vault, until {@link lock} or {@link close}.
   *
   * @throws HanaperError `wrong_passphrase`, `slot_damaged`
   */
  async unlock(credential: Credential): Promise<void> {
    const { vault } = await this.openVault(credential);
    try {
      await this.#settlePrincipals(vault);
    } catch (error) {
      vault.lock();
      throw error;
    }
    this.#vault?.lock();
    this.#vault = vault;
  }

  /** Wipes the root secret. */
  lock(): void {
    if (this.#vault === undefined) return;
    this.#vault.lock();
    this.#vault = undefined;
    this.report('vault.locked', { authority: this.identity.did });
  }

  /**
   * Opens a vault of the caller's own, and tells which slot it came from.
   *
   * @throws HanaperError `wrong_passphrase`, `slot_damaged`
   */
  async openVault(credential: Credential): Promise<Unlocked> {
    const details = { authority: this.identity.did };
    try {
      const slots = await this.database.transact('read', listKeySlots);
      const unlocked = await unlockVault(this.identity, slots, credential);
      this.report('vault.unlocked', { ...details, slot: unlocked.slot.id });
      return unlocked;
    } catch (error) {
      if (error instanceof HanaperError) this.report('vault.unlock_failed', details, error);
      throw error;
    }
  }

  /**
   * Executes one of the authority's own commands in one transaction.
   *
   * @throws HanaperError `bad_input`, `locked`, and what the command throws
   */
  execute<Args, Result>(command: Command<'authority', Args, Result>, args: Args): Promise<Result> {
    return this.#execute(command, args, {}, (context, parsed) => command.run(context, parsed));
  }

  /**
   * Executes a command of an organisation (name, DID or id; absent: the only one) in one transaction.
   *
   * @throws HanaperError `bad_input`, `locked`, `not_found`, `usage`, and what the command throws
   */
  executeFor<Args, Result>(
    organisation: string | undefined,
    command: Command<'organisation', Args, Result>,
    args: Args,
  ): Promise<Result> {
    return this.#execute(command, args, { organisation }, async (context, parsed) => {
      const row = await resolveOrganisation(context.transaction, organisation);
      return command.run({ ...context, organisation: row }, parsed);
    });
  }

  /** Implements {@link TrustSource}: the organisation's keys and the signatures stored for this package. */
  trustFor({ organisation, packageHash }: TrustQuery): Promise<TrustMaterial> {
    return this.database.transact('read', async (transaction) =>
      gatherTrust(transaction, this.identity.did, await resolveOrganisation(transaction, organisation), packageHash),
    );
  }

  /** Tells the observer of something that happened, or was refused. */
  report(name: EventName, details: HanaperEvent['details'], refusal?: HanaperError): void {
    const time = (this.#clock?.() ?? new Date()).toISOString();
    this.#observer?.({ name, time, details, ...(refusal && { reason: refusal.code }) });
  }

  /** The one time of a transaction. */
  async readNow(transaction: Transaction): Promise<string> {
    return (this.#clock?.() ?? (await readTime(transaction))).toISOString();
  }

  /** The tokens of this database, inside a transaction. */
  async tokensIn(transaction: Transaction): Promise<StoredTokens> {
    // Verifying a package needs none of this, and shall not wait for it to be loaded.
    const { DelegationCache, StoredTokens } = await import('./stored-tokens.ts');
    this.#verified ??= new DelegationCache();
    return new StoredTokens(transaction, this.#verified);
  }

  /**
   * The open vault.
   *
   * @throws HanaperError `locked`
   */
  requireVault(): Vault {
    if (this.#vault) return this.#vault;
    throw new HanaperError('locked', 'The database is locked. Unlock it with its passphrase first.');
  }

  /** Locks the vault and closes the database. */
  async close(): Promise<void> {
    this.lock();
    await this.database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #execute<Subject extends CommandSubject, Args, Result>(
    command: Command<Subject, Args, Result>,
    args: Args,
    details: HanaperEvent['details'],
    run: (context: CommandContext, parsed: Args) => Promise<Result>,
  ): Promise<Result> {
    try {
      const parsed = parseArgs(command.args, args);
      if (command.access === 'write') this.requireVault();
      const events: { name: EventName; details: HanaperEvent['details'] }[] = [];
      const result = await this.database.transact(command.access, async (transaction) =>
        run(await this.#createContext(transaction, (name, told) => events.push({ name, details: told })), parsed),
      );
      for (const event of events) this.report(event.name, event.details);
      return result;
    } catch (error) {
      if (error instanceof HanaperError && command.refusal) {
        const told = { command: command.name, ...details, ...namesIn(args), ...namesIn(error.details) };
        this.report(command.refusal, told, error);
      }
      throw error;
    }
  }

  async #createContext(transaction: Transaction, emit: CommandContext['emit']): Promise<CommandContext> {
    return {
      transaction,
      now: await this.readNow(transaction),
      authority: this.identity,
      tokens: await this.tokensIn(transaction),
      vault: () => this.requireVault(),
      emit,
    };
  }

  // A database that was made before there were principals has none, and only an open vault can make them.
  async #settlePrincipals(vault: Vault): Promise<void> {
    const { did } = this.identity;
    const { arePrincipalsSettled, settlePrincipals } = await import('./principals.ts');
    if (await this.database.transact('read', (transaction) => arePrincipalsSettled(transaction, did))) return;
    await this.database.transact('write', async (transaction) => {
      const now = await this.readNow(transaction);
      await settlePrincipals({ transaction, now, vault: () => vault });
    });
  }
}

// What a refused command was about: its names, hashes and CIDs, as far as they are short text, and nothing else of it.
function namesIn(args: unknown): Readonly<Record<string, string>> {
  const told = ['name', 'key', 'hash', 'cid', 'issuer', 'revoked_by'];
  const entries = typeof args === 'object' && args !== null ? Object.entries(args) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => {
      const [field, value] = entry;
      return told.includes(field) && typeof value === 'string' && value.length <= 1024;
    }),
  );
}
