import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/store/engine/database.ts';
import { insertCheckpoint, listEveryCheckpoint } from '../../src/store/tables/checkpoints.ts';
import { insertLogEntry, listEveryEntry } from '../../src/store/tables/log.ts';
import { openStore } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { rowTime } from '../support/tokens.ts';

// Some are missing: in the first page, at the end of one, and a whole page. Some stand where none belongs.
const indices = [-9_007_199_254_740_991, -2, -1, 0, 1, 3, 4, 5, 8, 9, 15, 16];

describe.each(engines)('$name', (engine) => {
  let database: Database;

  beforeAll(async () => {
    database = await openStore(await engine.createUrl(), true);
    await database.transact('write', async (transaction) => {
      for (const entryIndex of indices) {
        await insertLogEntry(transaction, { entryIndex, entry: Uint8Array.of(7) }, []);
      }
    });
  });

  afterAll(() => database.close());

  test.each([1, 2, 3, 4, 100])('every entry comes once, however many are missing: %i at a time', async (atOnce) => {
    const pages = await database.transact('read', (transaction) =>
      Array.fromAsync(listEveryEntry(transaction, atOnce)),
    );
    expect(pages.flat().map(({ entryIndex }) => entryIndex)).toEqual(indices);
    expect(pages.every(({ length }) => length <= atOnce)).toBe(true);
  });

  test('every checkpoint comes once, in the order of their sizes, over several pages', async () => {
    const sizes = Array.from({ length: 1001 }, (_, index) => 3 * (index - 500));
    const note = Uint8Array.of(1);
    const found = await database.transact('write', async (transaction) => {
      for (const size of sizes.toReversed()) await insertCheckpoint(transaction, { size, note, createdAt: rowTime });
      return Array.fromAsync(listEveryCheckpoint(transaction));
    });
    expect(found.map(({ size }) => size)).toEqual(sizes);
  });
});
