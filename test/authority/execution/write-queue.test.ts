import { describe, expect, test } from 'vitest';
import { type Act, type Turn, WriteQueue } from '../../../src/authority/execution/write-queue.ts';
import { FollowedLog } from '../../../src/authority/log/followed-log.ts';
import { type ErrorCode, HanaperError } from '../../../src/errors.ts';
import { hashLeaf } from '../../../src/log/merkle.ts';
import type { Database } from '../../../src/store/engine/database.ts';
import { type Transaction, withSavepoint } from '../../../src/store/engine/transaction.ts';
import { insertDidDocuments } from '../../../src/store/tables/did-documents.ts';
import { insertLogEntry } from '../../../src/store/tables/log.ts';
import { createAuthority, query, queryOne } from '../../support/authority.ts';
import { encodeEntryAt } from '../../support/checkpoints.ts';
import { failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { rowTime } from '../../support/tokens.ts';
import { countWrites, failCommits, gatherWriters } from '../../support/transactions.ts';

describe.each(engines)('$name', (engine) => {
  test('those that ask at once share a transaction, in their order, and each sees what those before have done', async () => {
    await using world = await open();
    const seen: number[] = [];
    const writes = countWrites(world.database);
    await Promise.all(
      names(20).map((name, index) =>
        world.writer.write(async (transaction, turn) => {
          expect(turn.head.size - world.size).toBe(index);
          seen.push((await rowsIn(transaction)).length);
          await addRow(transaction, turn, name);
        }),
      ),
    );
    expect(seen).toEqual(names(20).map((_, index) => index));
    expect(writes()).toBe(1);
    expect(await rows(world)).toEqual(names(20));
    expect(await headSize(world)).toBe(world.size + 20);
  });

  test('those that ask while another writes share the next transaction', async () => {
    await using world = await open();
    const writes = countWrites(world.database);
    const writers = await gatherWriters(world, 10);
    await Promise.all(names(10).map((name) => world.writer.write(adding(name))));
    await writers.gone;
    expect(writes()).toBe(2);
    expect(await rows(world)).toEqual(names(10));
  });

  test('no more than 64 share one', async () => {
    await using world = await open();
    const writes = countWrites(world.database);
    await Promise.all(names(130).map((name) => world.writer.write(adding(name))));
    expect(writes()).toBe(3);
    expect(await rows(world)).toEqual(names(130));
  });

  test('nobody has an answer before all is committed', async () => {
    await using world = await open();
    const visible: number[] = [];
    await Promise.all(
      names(5).map(async (name) => {
        await world.writer.write(async (transaction, turn) => {
          await addRow(transaction, turn, name);
          expect(await rows(world)).toEqual([]);
        });
        visible.push((await rows(world)).length);
      }),
    );
    expect(visible).toEqual([5, 5, 5, 5, 5]);
  });

  test('one that comes after all are done begins anew', async () => {
    await using world = await open();
    for (const name of names(3)) await world.writer.write(adding(name));
    expect(await rows(world)).toEqual(names(3));
    expect(await headSize(world)).toBe(world.size + 3);
  });

  test('a refusal leaves nothing and disturbs nobody', async () => {
    await using world = await open();
    const writes = countWrites(world.database);
    const refusal = new HanaperError('not_found', 'on purpose');
    const outcomes = await Promise.allSettled(
      names(9).map((name, index) =>
        world.writer.write((transaction, turn) =>
          index % 3 === 1 ? refuse(transaction, name, refusal) : adding(name)(transaction, turn),
        ),
      ),
    );
    expect(writes()).toBe(1);
    for (const [index, outcome] of outcomes.entries()) {
      if (index % 3 === 1) expect(outcome).toMatchObject({ status: 'rejected', reason: refusal });
      else expect(outcome).toMatchObject({ status: 'fulfilled', value: names(9)[index] });
    }
    expect(await rows(world)).toEqual(names(9).filter((_, index) => index % 3 !== 1));
    expect(await headSize(world)).toBe(world.size + 6);
  });

  test('a transaction in which all are refused moves nothing', async () => {
    await using world = await open();
    const refusal = new HanaperError('not_found', 'on purpose');
    const outcomes = await Promise.allSettled(
      names(4).map((name) => world.writer.write((transaction) => refuse(transaction, name, refusal))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    expect(await rows(world)).toEqual([]);
    expect(await headSize(world)).toBe(world.size);
  });

  const failures: readonly { readonly title: string; readonly isOpen: boolean; readonly failure: Error }[] = [
    { title: 'a refusal after something was written', isOpen: true, failure: error('bad_input') },
    { title: 'a fault of ours', isOpen: false, failure: error('internal') },
    { title: 'an error of another program', isOpen: false, failure: new RangeError('on purpose') },
  ];

  describe.each(failures)('$title', ({ isOpen, failure }) => {
    test('fails the transaction, and each is then done alone, in their order', async () => {
      await using world = await open();
      const writes = countWrites(world.database);
      const tried: string[] = [];
      const outcomes = await Promise.allSettled(
        names(6).map((name, index) =>
          world.writer.write(async (transaction, turn) => {
            tried.push(name);
            // Nothing of the first attempt is left.
            expect(await rowsIn(transaction)).not.toContain(name);
            turn.isOpen = isOpen;
            await addRow(transaction, turn, name);
            if (index === 3) throw failure;
            turn.isOpen = false;
            return name;
          }),
        ),
      );
      expect(writes()).toBe(1 + 6);
      expect(tried).toEqual([...names(4), ...names(6)]);
      expect(outcomes[3]).toMatchObject({ status: 'rejected', reason: failure });
      const others = names(6).filter((_, index) => index !== 3);
      expect(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))).toEqual(others);
      expect(await rows(world)).toEqual(others);
      expect(await headSize(world)).toBe(world.size + 5);
    });

    test('of one that is alone is told at once', async () => {
      await using world = await open();
      const writes = countWrites(world.database);
      const thrown = await failureOf(() =>
        world.writer.write(async (transaction, turn) => {
          turn.isOpen = isOpen;
          await addRow(transaction, turn, 'alone');
          throw failure;
        }),
      );
      expect(thrown).toBe(failure);
      expect(writes()).toBe(1);
      expect(await rows(world)).toEqual([]);
      expect(await world.writer.write(adding('next'))).toBe('next');
    });
  });

  test('what is unavailable for one is so for all of the transaction, which is not tried again', async () => {
    await using world = await open();
    const writes = countWrites(world.database);
    const tried: string[] = [];
    const failure = error('unavailable');
    const outcomes = await Promise.allSettled(
      names(12).map((name, index) =>
        world.writer.write(async (transaction, turn) => {
          tried.push(name);
          await addRow(transaction, turn, name);
          if (index === 3) throw failure;
        }),
      ),
    );
    expect(writes()).toBe(1);
    expect(tried).toEqual(names(4));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: failure });
    expect(await rows(world)).toEqual([]);
    expect(await headSize(world)).toBe(world.size);
    expect(await world.writer.write(adding('next'))).toBe('next');
  });

  test('a database that cannot be written is waited for once, not by each writer in turn', async () => {
    await using world = await open();
    let begun = 0;
    const { transact } = world.database;
    world.database.transact = async () => {
      begun++;
      throw error('unavailable');
    };
    const outcomes = await Promise.allSettled(names(12).map((name) => world.writer.write(adding(name))));
    world.database.transact = transact;
    expect(begun).toBe(1);
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'ok'))).toEqual(
      Array(12).fill('unavailable'),
    );
  });

  test('where no commit comes about, each is told, and the next can', async () => {
    await using world = await open();
    const writes = countWrites(world.database);
    failCommits(world.database, 1);
    const outcomes = await Promise.allSettled(names(3).map((name) => world.writer.write(adding(name))));
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'ok'))).toEqual(
      Array(3).fill('unavailable'),
    );
    expect(writes()).toBe(1);
    expect(await rows(world)).toEqual([]);
    expect(await world.writer.write(adding('next'))).toBe('next');
  });

  async function open(): Promise<World> {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    const size = Number((await queryOne(url, 'select size from log_head'))['size']);
    const { database } = authority;
    return {
      url,
      size,
      database,
      writer: new WriteQueue(database, new FollowedLog(database, () => undefined)),
      [Symbol.asyncDispose]: () => authority.close(),
    };
  }
});

interface World extends AsyncDisposable {
  readonly url: string;
  /** Of the log, at first. */
  readonly size: number;
  readonly database: Database;
  readonly writer: WriteQueue;
}

const prefix = 'did:example:';

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `row ${String(index).padStart(3, '0')}`);
}

function error(code: ErrorCode): HanaperError {
  return new HanaperError(code, 'On purpose.');
}

// Writes a row, and moves the head as an entry would.
function adding(name: string): Act<string> {
  return async (transaction, turn) => {
    await addRow(transaction, turn, name);
    return name;
  };
}

async function addRow(transaction: Transaction, turn: Turn, name: string): Promise<void> {
  await insertDidDocuments(transaction, [
    { did: `${prefix}${name}`, document: '{}', kind: 'stranger', createdAt: rowTime },
  ]);
  const entry = encodeEntryAt(turn.head.size, rowTime);
  await insertLogEntry(transaction, { entryIndex: turn.head.size, entry }, []);
  turn.head = {
    size: turn.head.size + 1,
    generation: turn.head.generation + 1,
    enrolledAt: rowTime,
    leaf: hashLeaf(entry),
  };
}

function refuse(transaction: Transaction, name: string, refusal: HanaperError): Promise<never> {
  return withSavepoint(transaction, async (inner) => {
    await insertDidDocuments(inner, [
      { did: `${prefix}${name}`, document: '{}', kind: 'stranger', createdAt: rowTime },
    ]);
    throw refusal;
  });
}

async function rowsIn({ kysely }: Transaction): Promise<string[]> {
  const found = await kysely.selectFrom('didDocuments').select('did').where('did', 'like', `${prefix}%`).execute();
  return found.map(({ did }) => did.slice(prefix.length)).sort();
}

// As another process sees them.
async function rows({ url }: World): Promise<string[]> {
  const found = await query(url, `select did from did_documents where did like '${prefix}%' order by id`);
  return found.map((row) => String(row['did']).slice(prefix.length));
}

async function headSize({ url }: World): Promise<number> {
  return Number((await queryOne(url, 'select size from log_head'))['size']);
}
