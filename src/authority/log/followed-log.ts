import { equalBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { hashLeaf } from '../../log/merkle.ts';
import type { Database } from '../../store/engine/database.ts';
import type { LogHeadRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLogEntry, peekLogHead, readLogHead } from '../../store/tables/log.ts';
import { hashLast, type LogEnd, readLogEnd, requireRoom } from './log-end.ts';

/**
 * Follows the log of an open database: what is read or written later must continue what this process saw or committed last.
 * Else somebody has put an old copy in its place, or rows back, beneath a process that goes on.
 */
export class FollowedLog {
  readonly #database: Database;
  readonly #onRefusal: (refusal: HanaperError) => void;
  #seen: LogEnd | undefined;
  #refusal: HanaperError | undefined;

  /** `onRefusal` is called when the log is found not to continue, and again only after it did meanwhile. */
  constructor(database: Database, onRefusal: (refusal: HanaperError) => void) {
    this.#database = database;
    this.#onRefusal = onRefusal;
  }

  /** Why the log was refused when it was looked at last; `undefined` where it was not. */
  get refusal(): HanaperError | undefined {
    return this.#refusal;
  }

  /**
   * Runs `work` in one read transaction, whose log continues what was seen before.
   *
   * @throws HanaperError `log_rolled_back`, `log_tampered`, and what `work` throws
   */
  read<Result>(work: (transaction: Transaction, head: LogHeadRow) => Promise<Result>): Promise<Result> {
    // Taken before the transaction begins, which sees at least that.
    const seen = this.#seen;
    return this.#database.transact('read', async (transaction) => {
      const head = await readLogHead(transaction);
      await this.#hold(transaction, head, seen);
      return work(transaction, head);
    });
  }

  /**
   * The generation of what is committed, for what is answered from memory.
   *
   * @throws HanaperError `log_rolled_back`, `log_tampered`
   */
  async readGeneration(): Promise<number> {
    const seen = this.#seen;
    const head = await peekLogHead(this.#database);
    if (head && seen && isSameHead(head, seen)) return this.#accept(seen).generation;
    return this.read(async (_, { generation }) => generation);
  }

  /**
   * Holds the log in a write transaction that has locked its head, before anything is written.
   *
   * @throws HanaperError `log_rolled_back`, `log_tampered`
   */
  async hold(transaction: Transaction, end: LogEnd): Promise<void> {
    await this.#requireContinued(transaction, end, this.#seen);
    await requireRoom(transaction, end);
  }

  /**
   * Runs `work` in one write transaction whose log continues what was seen before it began. It does not hold the head: others
   * may go on writing meanwhile, in this process too.
   *
   * @throws HanaperError `log_rolled_back`, `log_tampered`, and what `work` throws
   */
  writeBeside<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const seen = this.#seen;
    return this.#database.transact('write', async (transaction) => {
      await this.#requireContinued(transaction, await readLogEnd(transaction), seen);
      return work(transaction);
    });
  }

  /** Takes note of where the log ends, once that is committed. */
  note(end: LogEnd): void {
    if (this.#seen === undefined || end.size >= this.#seen.size) this.#seen = end;
  }

  /** Takes note that the log does not continue, be it found elsewhere. */
  refuse(refusal: HanaperError): void {
    const isNew = this.#refusal === undefined;
    this.#refusal = refusal;
    if (isNew) this.#onRefusal(refusal);
  }

  async #hold(transaction: Transaction, head: LogHeadRow, seen: LogEnd | undefined): Promise<void> {
    if (seen && isSameHead(head, seen)) this.#accept(seen);
    else if (seen && head.size < seen.size) throw this.#refuse('shorter', head.size);
    else await this.#requireContinued(transaction, { ...head, leaf: await hashLast(transaction, head.size) }, seen);
  }

  async #requireContinued(transaction: Transaction, end: LogEnd, seen: LogEnd | undefined): Promise<void> {
    if (seen && end.size < seen.size) throw this.#refuse('shorter', end.size);
    if (seen && !(await isContinued(transaction, end, seen))) throw this.#refuse('forked', end.size);
    this.note(this.#accept(end));
  }

  #accept(end: LogEnd): LogEnd {
    this.#refusal = undefined;
    return end;
  }

  #refuse(reason: keyof typeof reasons, now: number): HanaperError {
    const refusal = rolledBack(reason, this.#seen?.size ?? 0, now, this.#database.name);
    this.refuse(refusal);
    return refusal;
  }
}

function isSameHead(head: LogHeadRow, seen: LogHeadRow): boolean {
  return head.size === seen.size && head.generation === seen.generation && head.enrolledAt === seen.enrolledAt;
}

// The last entry that was seen stands for all before it: its receipt names the one before.
async function isContinued(transaction: Transaction, end: LogEnd, { size, leaf }: LogEnd): Promise<boolean> {
  if (size === end.size) return equalBytes(end.leaf, leaf);
  if (size === 0) return true;
  const entry = await findLogEntry(transaction, size - 1);
  return entry !== undefined && equalBytes(hashLeaf(entry), leaf);
}

const reasons = {
  shorter: 'has fewer entries than this process has seen',
  forked: 'has other entries than this process has seen',
};

function rolledBack(reason: keyof typeof reasons, seen: number, now: number, source: string): HanaperError {
  return new HanaperError(
    'log_rolled_back',
    `The log of ${source} ${reasons[reason]} (then ${seen} entries, now ${now}): an old copy was put in its place while it was open. The vault is locked, and nothing is signed. Find out who put it there, and put the right one back.`,
    { reason, seen, now, source, remedy: 'forget_log' },
  );
}
