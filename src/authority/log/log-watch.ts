import { decodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import type { HanaperEvent } from '../../events.ts';
import type { Database } from '../../store/engine/database.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLastCheckpoint } from '../../store/tables/checkpoints.ts';
import { readLogHead } from '../../store/tables/log.ts';
import type { FollowedLog } from './followed-log.ts';
import type { KnownLogs, SeenCheckpoint } from './known-logs.ts';
import type { LastCheckpoint } from './make-checkpoint.ts';

/** Whose log it is, and who is told where it is refused. */
export interface WatchedLog {
  readonly database: Database;
  readonly did: string;
  readonly followed: FollowedLog;
  report(name: 'log.refused', details: HanaperEvent['details'], refusal: HanaperError): void;
}

/** Checks the log of a database against what was seen of it before, and has what is seen remembered. */
export class LogWatch {
  readonly #log: WatchedLog;
  readonly #known: KnownLogs | undefined;

  /** Without `known` nothing was seen, and nothing is remembered. */
  constructor(log: WatchedLog, known: KnownLogs | undefined) {
    this.#log = log;
    this.#known = known;
  }

  /**
   * Checks the log against all that was seen of it, in this process and before; anyone who opens a vault to write
   * does so first.
   *
   * @throws HanaperError `log_rolled_back`, `log_tampered`
   */
  async hold(): Promise<void> {
    const { did, followed, report } = this.#log;
    await followed.read(async () => undefined);
    // Looked up before the log is read, which may grow meanwhile.
    const refusal = await this.findRefusal(this.#known?.list(did) ?? []);
    if (refusal === undefined) return;
    report('log.refused', { authority: did, ...refusal.details }, refusal);
    throw refusal;
  }

  /**
   * Looks whether the log continues what was seen of it. Returns why it does not: `log_rolled_back`, `log_tampered`.
   *
   * @throws HanaperError `unavailable`
   */
  async findRefusal(seen: readonly SeenCheckpoint[]): Promise<HanaperError | undefined> {
    if (seen.length === 0) return undefined;
    try {
      await this.#log.database.transact('read', async (transaction) => {
        if (await isAsSeen(transaction, seen)) return;
        const { checkContinuity } = await import('./check-continuity.ts');
        await checkContinuity(transaction, this.#log.did, seen);
      });
      return undefined;
    } catch (error) {
      if (error instanceof HanaperError && error.code !== 'unavailable') return error;
      throw error;
    }
  }

  /** Has a checkpoint remembered, once it is written. */
  remember({ size, note }: LastCheckpoint): void {
    const { database, did } = this.#log;
    const checkpoint = note && decodeUtf8(note);
    if (checkpoint === undefined) return;
    this.#known?.remember({ authority: did, source: database.name, size, checkpoint });
  }
}

// So it is mostly, and then there is nothing to verify: what is remembered was verified when it was seen.
async function isAsSeen(transaction: Transaction, seen: readonly SeenCheckpoint[]): Promise<boolean> {
  const last = await findLastCheckpoint(transaction);
  const { size } = await readLogHead(transaction);
  const note = last && decodeUtf8(last.note);
  return seen.every((each) => each.checkpoint === note && each.size === last?.size && each.size <= size);
}
