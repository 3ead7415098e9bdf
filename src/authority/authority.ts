import { HanaperError } from '../errors.ts';
import type { EventName, HanaperEvent, Observer } from '../events.ts';
import type { PackageSignature } from '../signature/document.ts';
import type { SignaturePlace } from '../signature/key-revocation.ts';
import { SignatureCache } from '../signature/signature-cache.ts';
import { readTime } from '../store/engine/clock.ts';
import type { Database } from '../store/engine/database.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { listKeySlots } from '../store/tables/key-slots.ts';
import type { TrustMaterial, TrustQuery, TrustSource } from '../trust/source.ts';
import type { TrustedLog } from '../trust/trusted-log.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import type { DelegationCache } from '../ucan/token/delegation-cache.ts';
import type { AuthorityIdentity } from '../vault/authority-statement.ts';
import type { Credential } from '../vault/slot.ts';
import { type Unlocked, unlockVault } from '../vault/unlock.ts';
import type { Vault } from '../vault/vault.ts';
import type { AuthorityParts } from './authority-parts.ts';
import type { Answer } from './execution/execute.ts';
import type { LocalCall } from './execution/execute-locally.ts';
import { resolveOrganisation } from './execution/find-organisation.ts';
import type { Host } from './execution/host.ts';
import { Memo } from './execution/memo.ts';
import type { Request } from './execution/request.ts';
import { shareRead } from './execution/share-read.ts';
import { WriteQueue } from './execution/write-queue.ts';
import { Checkpointer } from './log/checkpointer.ts';
import { FollowedLog } from './log/followed-log.ts';
import { lockLogEnd } from './log/log-end.ts';
import { LogWatch } from './log/log-watch.ts';
import type { Command, CommandSubject } from './schemas/command.ts';
import { ProofStore } from './tokens/proof-store.ts';
import type { StoredTokens } from './tokens/stored-tokens.ts';
import { VerifiedTokens } from './tokens/verified-tokens.ts';
import { gatherTrust } from './trust/gather-trust.ts';

/**
 * An open database with its authority: executes commands, and is a source of trust for verifiers.
 * Reads and verification work while it is locked.
 */
export class Authority implements Host, TrustSource, AsyncDisposable {
  readonly database: Database;
  readonly identity: AuthorityIdentity;
  readonly #observer: Observer | undefined;
  readonly #clock: (() => Date) | undefined;
  #vault: Vault | undefined;
  // Loaded when it is first needed: a verification of a package starts faster without it.
  #dispatch: typeof import('./commands/dispatch.ts') | undefined;
  readonly #tokens: VerifiedTokens = new VerifiedTokens();
  readonly #checkpointer: Checkpointer;
  readonly followed: FollowedLog;
  readonly logWatch: LogWatch;
  readonly writer: WriteQueue;
  readonly memo: Memo = new Memo();
  readonly proofs: ProofStore = new ProofStore();
  readonly signatures: SignatureCache = new SignatureCache();
  readonly readGeneration: () => Promise<number> = shareRead(() => this.followed.readGeneration());

  constructor({ database, identity, observer, clock, checkpointDelay, knownLogs }: AuthorityParts) {
    this.database = database;
    const report: Authority['report'] = (...event) => this.report(...event);
    this.followed = new FollowedLog(database, (refusal) => this.#giveUp(refusal));
    this.logWatch = new LogWatch({ database, did: identity.did, followed: this.followed, report }, knownLogs);
    this.#checkpointer = new Checkpointer(
      {
        database,
        followed: this.followed,
        vault: () => this.#vault,
        readNow: (transaction) => this.readNow(transaction),
        report,
        remember: (last) => this.logWatch.remember(last),
      },
      checkpointDelay,
    );
    this.writer = new WriteQueue(database, this.followed, () => this.#checkpointer.notice());
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
   * @throws HanaperError `wrong_passphrase`, `slot_damaged`, and what {@link LogWatch.hold} and {@link upgrade} throw
   */
  async unlock(credential: Credential): Promise<void> {
    await this.logWatch.hold();
    const { vault } = await this.openVault(credential);
    try {
      await this.upgrade(vault);
    } catch (error) {
      vault.lock();
      throw error;
    }
    this.#vault?.lock();
    this.#vault = vault;
    // The last writer may have been killed, or locked, before all of it was under a checkpoint.
    this.#checkpointer.notice();
  }

  /** Wipes the root secret. */
  lock(): void {
    if (this.#vault === undefined) return;
    this.#vault.lock();
    this.#vault = undefined;
    this.report('vault.locked', { authority: this.identity.did });
  }

  // What was remembered is of a log that is not there any more.
  #giveUp(refusal: HanaperError): void {
    this.lock();
    for (const kept of [this.memo, this.proofs, this.signatures, this.#tokens]) kept.clear();
    this.report('log.refused', { authority: this.identity.did, ...refusal.details }, refusal);
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
    } catch (failure) {
      const error = await this.database.explain(failure);
      if (error instanceof HanaperError) this.report('vault.unlock_failed', details, error);
      throw error;
    }
  }

  /**
   * Makes what an older database lacks, and only an open vault can make; every process that opens one to write does
   * so first.
   *
   * @throws HanaperError `log_tampered` where the log has lost its beginning, its key or all checkpoints
   */
  async upgrade(vault: Vault): Promise<void> {
    const { isUpgraded, upgrade } = await import('./upgrade.ts');
    if (await this.database.transact('read', (transaction) => isUpgraded(transaction, this.identity))) return;
    await this.database.transact('write', async (transaction) => {
      await this.followed.hold(transaction, await lockLogEnd(transaction));
      const now = await this.readNow(transaction);
      await upgrade({ transaction, now, vault: () => vault });
    });
  }

  /**
   * Executes one of the authority's own commands, as the authority; `given` are delegations that go with it.
   *
   * @throws HanaperError `bad_input`, `locked`, and what the command throws
   */
  execute<Args, Result>(
    command: Command<'authority', Args, Result>,
    args: Args,
    given: readonly Delegation[] = [],
  ): Promise<Result> {
    return this.#executeLocally(command, { args, given });
  }

  /**
   * Executes a command of an organisation (name, DID or id; absent: the only one), as that organisation.
   *
   * @throws HanaperError `bad_input`, `locked`, `not_found`, `usage`, and what the command throws
   */
  executeFor<Args, Result>(
    organisation: string | undefined,
    command: Command<'organisation', Args, Result>,
    args: Args,
  ): Promise<Result> {
    return this.#executeLocally(command, { args, organisation });
  }

  /**
   * Executes what somebody asks for by a container with one invocation and its proofs: the one entry point.
   *
   * @throws HanaperError `malformed_token`, `bad_input`, and what `execute` throws
   */
  async executeContainer(container: Uint8Array): Promise<Answer> {
    this.#dispatch ??= await import('./commands/dispatch.ts');
    return this.executeRequest(await this.#dispatch.decodeRequest(container, await this.knownDelegations()));
  }

  /**
   * The same for a request that was taken out of its container, or never was in one.
   *
   * @throws HanaperError `not_found` for an unknown command, and what `execute` throws
   */
  async executeRequest(request: Request): Promise<Answer> {
    this.#dispatch ??= await import('./commands/dispatch.ts');
    return this.#dispatch.executeRequest(this, request);
  }

  /** Implements {@link TrustSource}: the organisation's keys and the signatures stored for this package. */
  async trustFor({ organisation, ...about }: TrustQuery): Promise<TrustMaterial> {
    const basis = { authority: this.identity, verify: this.signatures.verify };
    const material = await this.followed.read(async (transaction) =>
      gatherTrust(transaction, basis, await resolveOrganisation(transaction, organisation), about),
    );
    return { ...material, openLog: () => this.#openLog(), findPlace: (signature) => this.findPlace(signature) };
  }

  // Only a proof that somebody has asks for it.
  async #openLog(): Promise<TrustedLog | undefined> {
    const { openTrustedLog } = await import('./log/locate-signature.ts');
    return this.followed.read((transaction) => openTrustedLog(transaction, this.identity.did));
  }

  /** Where a signature stands in the log, if that can be proven. */
  async findPlace(signature: PackageSignature): Promise<SignaturePlace | undefined> {
    const { findPlace } = await import('./log/locate-signature.ts');
    return this.followed.read((transaction) => findPlace(transaction, this.identity.did, signature));
  }

  /** Tells the observer of something that happened, or was refused. */
  report(name: EventName, details: HanaperEvent['details'], refusal?: HanaperError): void {
    const time = (this.#clock?.() ?? new Date()).toISOString();
    this.#observer?.({ name, time, details, ...(refusal && { reason: refusal.code }) }, refusal);
  }

  /** The one time of a transaction. */
  async readNow(transaction: Transaction): Promise<string> {
    return (this.#clock?.() ?? (await readTime(transaction))).toISOString();
  }

  /** The present, by this machine's clock. */
  get present(): Date {
    return this.#clock?.() ?? new Date();
  }

  /** The tokens of this database, inside a transaction. */
  tokensIn(transaction: Transaction): Promise<StoredTokens> {
    return this.#tokens.in(transaction);
  }

  /**
   * Gives a stored delegation by its CID, whatever its state, decoded from its token: for the loaders of other libraries.
   *
   * @throws HanaperError `bad_input` for what is not the CID of a token, `database_corrupt`
   */
  async getDelegation(cid: string): Promise<Delegation | undefined> {
    return this.followed.read(async (transaction) => (await this.tokensIn(transaction)).readProof(cid));
  }

  /** The delegations whose signatures were verified in this process. */
  knownDelegations(): Promise<DelegationCache> {
    return this.#tokens.cache();
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

  /**
   * Brings every entry of the log so far under a checkpoint; while the vault is locked, nothing is done.
   *
   * @throws HanaperError `log_tampered`, `unavailable`
   */
  checkpoint(): Promise<void> {
    return this.#checkpointer.make();
  }

  /** Makes the last checkpoint, where there is something new, locks the vault and closes the database. */
  async close(): Promise<void> {
    try {
      await this.#checkpointer.finish();
    } finally {
      // An observer that fails on the lock's event does not keep the database open.
      try {
        this.lock();
      } finally {
        await this.database.close();
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #executeLocally<Result>(command: Command<CommandSubject, unknown, Result>, call: LocalCall): Promise<Result> {
    const { executeLocally } = await import('./execution/execute-locally.ts');
    return (await executeLocally(this, command, call)) as Result;
  }
}
