import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Authority, createKey } from '../../../src/authority/index.ts';
import { makeCheckpoint } from '../../../src/authority/log/make-checkpoint.ts';
import { computeRoot, createTileReader } from '../../../src/log/index.ts';
import { treeHash } from '../../../src/log/merkle.ts';
import { findLogTile } from '../../../src/store/tables/log-tiles.ts';
import { byRawKey, createAuthority, openUnlocked, query, queryOne } from '../../support/authority.ts';
import { appendEntries, readCheckpoints, readLeaves, readTiles, tilesOf } from '../../support/checkpoints.ts';
import { failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { countWrites } from '../../support/transactions.ts';
import { toHex } from '../../support/vectors.ts';

async function checkpoint(authority: Authority): Promise<number> {
  return (await makeCheckpoint(contextOf(authority))).size;
}

function contextOf(authority: Authority) {
  const { database, followed } = authority;
  return { database, followed, vault: authority.requireVault(), readNow: authority.readNow.bind(authority) };
}

describe.each(engines)('$name', (engine) => {
  async function open(): Promise<Authority & { url: string }> {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    return Object.assign(authority, { url });
  }

  test('a new database has its genesis under a checkpoint', async () => {
    await using authority = await open();
    const [{ size, root } = { size: 0, root: new Uint8Array(0) }, ...others] = await readCheckpoints(authority);
    expect(others).toEqual([]);
    expect([size, toHex(root)]).toEqual([1, toHex(treeHash(await entriesOf(authority)))]);
  });

  // On a server each checkpoint has the catalogues looked at: there a log grows entry by entry where tiles begin and end.
  const sizes = Array.from({ length: 600 }, (_, at) => at + 1).filter(
    (size) => engine.name === 'sqlite' || size % 256 < 12 || size % 50 === 0,
  );

  test('a log that grows entry by entry has at each size the tiles and the root of its definition', async () => {
    await using authority = await open();
    for (const [at, size] of sizes.entries()) {
      if (at > 0) await appendEntries(authority, size - (sizes[at - 1] ?? 0));
      expect(await checkpoint(authority)).toBe(size);
      if (size % 7 !== 0 && size % 256 > 2) continue;
      expect(await readTiles(authority)).toEqual(tilesOf(await readLeaves(authority)));
    }
    const checkpoints = await readCheckpoints(authority);
    expect(checkpoints.map(({ size }) => size)).toEqual(sizes);
    const entries = await entriesOf(authority);
    for (const { size, root } of checkpoints) expect(toHex(root)).toBe(toHex(treeHash(entries.slice(0, size))));
  });

  test('in which batches a log grew makes no difference', async () => {
    const batches = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(batches, async (counts) => {
        await using authority = await open();
        for (const count of counts) {
          await appendEntries(authority, count);
          await checkpoint(authority);
        }
        expect(await readTiles(authority)).toEqual(tilesOf(await readLeaves(authority)));
        const entries = await entriesOf(authority);
        for (const { size, root } of await readCheckpoints(authority)) {
          expect(toHex(root)).toBe(toHex(treeHash(entries.slice(0, size))));
        }
      }),
      { numRuns: 8 },
    );
  });

  test('very many entries come under several checkpoints, and the tiles give the root of each', async () => {
    await using authority = await open();
    await appendEntries(authority, 70_000);
    expect(await checkpoint(authority)).toBe(70_001);
    const checkpoints = await readCheckpoints(authority);
    expect(checkpoints.map(({ size }) => size)).toEqual([1, 65_537, 70_001]);
    for (const { size, root } of checkpoints) {
      const reader = createTileReader(
        (tile) => authority.database.transact('read', async (inner) => (await findLogTile(inner, tile)) ?? never()),
        size,
      );
      expect(toHex(await computeRoot(reader, size))).toBe(toHex(root));
    }
    expect(await readTiles(authority)).toEqual(tilesOf(await readLeaves(authority)));
  });

  test('where nothing is new, nothing is written', async () => {
    await using authority = await open();
    const writes = countWrites(authority.database);
    expect(await checkpoint(authority)).toBe(1);
    expect(writes()).toBe(0);
    expect(await readCheckpoints(authority)).toHaveLength(1);
  });

  test('of several at once one wins, and all of them have every entry under a checkpoint', async () => {
    await using authority = await open();
    await using beside = await openUnlocked(authority.url, {}, byRawKey(1));
    for (const count of [1, 300, 20, 256]) {
      await appendEntries(authority, count);
      const { length } = await readLeaves(authority);
      const made = await Promise.all([authority, beside, authority, beside].map(checkpoint));
      expect(made).toEqual([length, length, length, length]);
    }
    expect((await readCheckpoints(authority)).map(({ size }) => size)).toEqual([1, 2, 302, 322, 578]);
    expect(await readTiles(authority)).toEqual(tilesOf(await readLeaves(authority)));
  });

  describe('nothing is signed, and the log is named tampered with, where somebody has', () => {
    const attacks: [string, string, string][] = [
      [
        'changed a tile that is not full',
        'tile',
        `update log_tiles set hashes = HASHES where level = 0 and tile_index = 1`,
      ],
      ['removed one', 'tile', 'delete from log_tiles where level = 0 and tile_index = 1'],
      ['changed one on a higher level', 'tile', 'update log_tiles set hashes = HASHES where level = 1'],
      [
        'put an earlier one in its place',
        'checkpoint',
        `update checkpoints set note = (select note from checkpoints where size = 1) where size = 301`,
      ],
      ['changed the note', 'note', `update checkpoints set note = HASHES where size = 301`],
      ['removed an entry that is not under one', 'entry', 'delete from log_entries where entry_index = 305'],
      ['removed the key', 'log_key', 'delete from log_keys'],
      ['put another key in its place', 'log_key', 'update log_keys set public_key = HASHES'],
      ['changed the statement about it', 'log_key', 'update log_keys set statement = HASHES'],
    ];

    test('removed entries and put the head back, which is an old copy to a process that has seen more', async () => {
      await using authority = await open();
      await appendEntries(authority, 300);
      await checkpoint(authority);
      await query(authority.url, 'update log_head set size = 200');
      expect(await failureOf(() => checkpoint(authority))).toMatchObject({ code: 'log_rolled_back' });
    });

    test.each(attacks)('%s', async (_, what, statement) => {
      await using authority = await open();
      await appendEntries(authority, 300);
      await checkpoint(authority);
      await appendEntries(authority, 10);
      const parts = statement.split('HASHES');
      await query(authority.url, parts.join('$1'), parts.length > 1 ? [new Uint8Array(32).fill(3)] : []);
      const before = await queryOne(authority.url, 'select count(*) as count, max(size) as size from checkpoints');
      const tiles = await readTiles(authority);
      expect(await failureOf(() => checkpoint(authority))).toMatchObject({ code: 'log_tampered', details: { what } });
      expect(await queryOne(authority.url, 'select count(*) as count, max(size) as size from checkpoints')).toEqual(
        before,
      );
      expect(await readTiles(authority)).toEqual(tiles);
    });
  });

  test('a process knows the log from which checkpoints were removed, or which goes on otherwise', async () => {
    await using authority = await open();
    await appendEntries(authority, 299);
    const seen = await makeCheckpoint(contextOf(authority));
    await appendEntries(authority, 400);
    const again = () => makeCheckpoint({ ...contextOf(authority), seen });
    await query(authority.url, 'delete from checkpoints where size > 1');
    const failed = { code: 'log_rolled_back', details: { reason: 'shorter', seen: 300, now: 1 } };
    expect(await failureOf(again)).toMatchObject(failed);
    await query(authority.url, 'update log_entries set entry = $1 where entry_index = 5', [new Uint8Array(9)]);
    expect(await checkpoint(authority)).toBe(700);
    expect(await failureOf(again)).toMatchObject({ code: 'log_rolled_back', details: { reason: 'unproven' } });
  });

  test('a log that others have continued meanwhile is the same log', async () => {
    await using authority = await open();
    const seen = await makeCheckpoint(contextOf(authority));
    await appendEntries(authority, 600);
    await checkpoint(authority);
    expect((await makeCheckpoint({ ...contextOf(authority), seen })).size).toBe(601);
  });

  test('a tile that has more than was signed is grown from what was', async () => {
    await using authority = await open();
    await appendEntries(authority, 299);
    await checkpoint(authority);
    const tile = await queryOne(authority.url, 'select hashes from log_tiles where level = 0 and tile_index = 1');
    const more = Buffer.concat([tile['hashes'] as Uint8Array, Buffer.alloc(32, 9)]);
    await query(authority.url, 'update log_tiles set hashes = $1 where level = 0 and tile_index = 1', [more]);
    await appendEntries(authority, 2);
    expect(await checkpoint(authority)).toBe(302);
    expect(await readTiles(authority)).toEqual(tilesOf(await readLeaves(authority)));
  });

  test('a locked vault signs nothing', async () => {
    await using authority = await open();
    await authority.executeFor('acme', createKey, { name: 'release' });
    const vault = authority.requireVault();
    const before = contextOf(authority);
    authority.lock();
    const context = { ...before, vault, readNow: async () => new Date().toISOString() };
    expect(await failureOf(() => makeCheckpoint(context))).toMatchObject({ code: 'locked' });
    expect(await readCheckpoints(authority)).toHaveLength(1);
  });

  async function entriesOf({ url }: { url: string }): Promise<readonly Uint8Array[]> {
    const rows = await query(url, 'select entry from log_entries order by entry_index');
    return rows.map((row) => row['entry'] as Uint8Array);
  }
});

function never(): never {
  throw new Error('there is no such tile');
}
