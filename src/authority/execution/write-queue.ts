import { HanaperError } from '../../errors.ts';
import type { Database } from '../../store/engine/database.ts';
import { Effects } from '../../store/engine/effects.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { moveLogHead } from '../../store/tables/log.ts';
import type { FollowedLog } from '../log/followed-log.ts';
import { type LogEnd, lockLogEnd } from '../log/log-end.ts';

/** Something that is written in its turn. */
export type Act<Result> = (transaction: Transaction, turn: Turn) => Promise<Result>;

/** Where a writer stands in the transaction that it shares with others. */
export interface Turn {
  /** Where the log ends so far; each new entry moves it. */
  head: LogEnd;
  /** Whether something was written that has no entry yet: then a failure is that of the whole transaction. */
  isOpen: boolean;
  /** The generation of what is committed; another one in `head` is that of those before in this transaction. */
  readonly committed: number;
}

interface Waiting {
  readonly act: Act<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

type Outcome = { readonly result: unknown } | { readonly refusal: HanaperError };

// How many share one transaction, and with it the wait for the disk.
const maxAtOnce = 64;

/**
 * Lets writers take turns. Those that wait while another writes share the next transaction, one after the other: each sees
 * what those before have done, each has its answer once all is committed, and one that is refused leaves nothing.
 */
export class WriteQueue {
  readonly #database: Database;
  readonly #followed: FollowedLog;
  readonly #onEntries: () => void;
  readonly #waiting: Waiting[] = [];
  #isWriting = false;

  /** `onEntries` is called after each commit by which the log has grown. */
  constructor(database: Database, followed: FollowedLog, onEntries: () => void = () => undefined) {
    this.#database = database;
    this.#followed = followed;
    this.#onEntries = onEntries;
  }

  /**
   * Does something in a write transaction that holds the head of the log.
   *
   * @throws HanaperError what `act` throws, `unavailable`
   */
  write<Result>(act: Act<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ act, resolve: resolve as (result: unknown) => void, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      await this.#gather();
      await this.#writeTogether(this.#waiting.splice(0, maxAtOnce));
    }
    this.#isWriting = false;
  }

  // Who asks at the same moment comes along: as long as somebody does, and there is room.
  async #gather(): Promise<void> {
    for (let before = 0; this.#waiting.length > before && this.#waiting.length < maxAtOnce; ) {
      before = this.#waiting.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #writeTogether(batch: readonly Waiting[]): Promise<void> {
    try {
      const { outcomes, end, hasGrown } = await this.#database.transact('write', async (transaction) => {
        const head = await lockLogEnd(transaction);
        await this.#followed.hold(transaction, head);
        return takeTurns(transaction, head, batch);
      });
      this.#followed.note(end);
      if (hasGrown) this.#onEntries();
      for (const [index, outcome] of outcomes.entries()) settle(batch[index], outcome);
    } catch (error) {
      // What went wrong may be one writer's fault: then the others must not suffer for it. A database that is not to be used
      // is so for all, and nobody waits for it again in turn.
      if (batch.length === 1 || isUnavailable(error)) for (const each of batch) each.reject(error);
      else for (const each of batch) await this.#writeTogether([each]);
    }
  }
}

async function takeTurns(
  transaction: Transaction,
  head: LogEnd,
  batch: readonly Waiting[],
): Promise<{ readonly outcomes: readonly Outcome[]; readonly end: LogEnd; readonly hasGrown: boolean }> {
  const turn: Turn = { head, isOpen: false, committed: head.generation };
  const outcomes: Outcome[] = [];
  for (const { act } of batch) {
    outcomes.push(await attempt(turn, () => act({ ...transaction, effects: new Effects() }, turn)));
  }
  const hasGrown = turn.head !== head;
  if (hasGrown) await moveLogHead(transaction, turn.head);
  return { outcomes, end: turn.head, hasGrown };
}

// A refusal that has written nothing is its own; after anything else nobody can say what the transaction is worth.
async function attempt(turn: Turn, act: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { result: await act() };
  } catch (error) {
    const isRefusal = error instanceof HanaperError && error.code !== 'unavailable' && error.code !== 'internal';
    if (isRefusal && !turn.isOpen) return { refusal: error };
    throw error;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof HanaperError && error.code === 'unavailable';
}

function settle(waiting: Waiting | undefined, outcome: Outcome): void {
  if ('result' in outcome) waiting?.resolve(outcome.result);
  else waiting?.reject(outcome.refusal);
}
