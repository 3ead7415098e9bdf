/** Transactions that fail, wait, and are counted. */
import { type MockInstance, onTestFinished, vi } from 'vitest';
import type { Authority } from '../../src/authority/index.ts';
import { HanaperError } from '../../src/errors.ts';
import type { Database } from '../../src/store/engine/database.ts';
import { eventually } from './eventually.ts';

type Transact = Database['transact'];

/** Lets the next write transactions of a database do all their work, and then fail instead of being committed. */
export function failCommits(database: Database, times: number): void {
  let left = times;
  beforeCommits(database, async () => {
    if (left-- > 0) throw new HanaperError('unavailable', 'The disk is full, on purpose.');
  });
}

/** Lets the next write transactions of a database be committed, and has nobody hear of it. */
export function loseConfirmations(database: Database, times: number): void {
  let left = times;
  replaceTransact(database, (transact) => async (access, work) => {
    const result = await transact(access, work);
    if (access === 'read' || left-- <= 0) return result;
    throw new HanaperError('unavailable', 'The answer was lost, on purpose.', { may_be_done: true });
  });
}

/** A commit that waits. */
export interface HeldCommit {
  /** Settled once all is written that is to be committed. */
  readonly reached: Promise<void>;
  /** Commits it. */
  release(): void;
  /** Has it fail. */
  fail(): void;
}

/** Holds the commit of the next write transaction of a database. */
export function holdCommit(database: Database): HeldCommit {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let isFirst = true;
  beforeCommits(database, async () => {
    if (!isFirst) return;
    isFirst = false;
    reached.resolve();
    await released.promise;
  });
  const failure = new HanaperError('unavailable', 'The disk is full, on purpose.');
  return { reached: reached.promise, release: released.resolve, fail: () => released.reject(failure) };
}

/** Counts the write transactions of a database from here on. */
export function countWrites(database: Database): () => number {
  let count = 0;
  replaceTransact(database, (transact) => (access, work) => {
    if (access === 'write') count++;
    return transact(access, work);
  });
  return () => count;
}

/** Writers that wait for each other. */
export interface Gathered {
  /** Waits until so many have asked. */
  asked(count: number): Promise<void>;
  /** Settled when they go on. */
  readonly gone: Promise<void>;
  /** What came of each, in the order in which they asked. */
  readonly written: readonly Promise<unknown>[];
}

/**
 * Lets writers of an authority wait until so many have asked, so that all of them share the next transaction; `then` is
 * called just before that.
 */
export async function gatherWriters(
  { writer }: Pick<Authority, 'writer'>,
  count: number,
  then: () => void = () => {},
): Promise<Gathered> {
  const begun = Promise.withResolvers<void>();
  const gathered = Promise.withResolvers<void>();
  const gone = writer.write(async () => {
    begun.resolve();
    await gathered.promise;
    then();
  });
  await begun.promise;
  const write = writer.write.bind(writer);
  const spy: MockInstance<typeof writer.write> = vi.spyOn(writer, 'write');
  onTestFinished(() => spy.mockRestore());
  const written: Promise<unknown>[] = [];
  spy.mockImplementation((act) => {
    const one = write(act);
    if (written.push(one) === count) gathered.resolve();
    return one;
  });
  const asked = async (wanted: number) => {
    await eventually(() => written.length >= wanted);
  };
  return { gone, asked, written };
}

function beforeCommits(database: Database, commit: () => Promise<void>): void {
  replaceTransact(
    database,
    (transact) => (access, work) =>
      transact(access, async (transaction) => {
        const result = await work(transaction);
        if (access === 'write') await commit();
        return result;
      }),
  );
}

// What was put in its place before stays in force beneath.
function replaceTransact(database: Database, replace: (transact: Transact) => Transact): void {
  const before = database.transact;
  database.transact = replace(before.bind(database));
  onTestFinished(() => {
    database.transact = before;
  });
}
