import type { HanaperError } from '../../errors.ts';
import type { EventName, HanaperEvent } from '../../events.ts';
import type { PackageSignature } from '../../signature/document.ts';
import type { SignaturePlace } from '../../signature/key-revocation.ts';
import type { SignatureCache } from '../../signature/signature-cache.ts';
import type { Database } from '../../store/engine/database.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import type { AuthorityIdentity } from '../../vault/authority-statement.ts';
import type { Vault } from '../../vault/vault.ts';
import type { FollowedLog } from '../log/followed-log.ts';
import type { ProofStore } from '../tokens/proof-store.ts';
import type { StoredTokens } from '../tokens/stored-tokens.ts';
import type { Memo } from './memo.ts';
import type { WriteQueue } from './write-queue.ts';

/** What the entry point needs of its authority. */
export interface Host {
  readonly database: Database;
  readonly identity: AuthorityIdentity;
  /** Lets what is written take turns. */
  readonly writer: WriteQueue;
  /** What was read in this generation. */
  readonly memo: Memo;
  /** The proofs of what was executed. */
  readonly proofs: ProofStore;
  /** Signatures of packages that were found to be valid. */
  readonly signatures: SignatureCache;
  /** The log, which must continue what was seen of it. */
  readonly followed: FollowedLog;
  /** Which generation of what is kept is committed, read after this was called. */
  readGeneration(): Promise<number>;
  /** The one time of a transaction: RFC 3339, UTC, milliseconds. */
  readNow(transaction: Transaction): Promise<string>;
  /** The present, by this machine's clock: for what no row depends on. */
  readonly present: Date;
  /** The tokens of the database, inside a transaction. */
  tokensIn(transaction: Transaction): Promise<StoredTokens>;
  /** @throws HanaperError `locked` */
  requireVault(): Vault;
  /** Brings the log's entries under a checkpoint, if the vault is open. */
  checkpoint(): Promise<void>;
  /** Where a signature stands in the log, if that can be proven. */
  findPlace(signature: PackageSignature): Promise<SignaturePlace | undefined>;
  /** Locks the vault. */
  lock(): void;
  /** Tells the observer of something that happened, or was refused. */
  report(name: EventName, details: HanaperEvent['details'], refusal?: HanaperError): void;
}
