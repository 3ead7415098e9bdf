import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createKey } from '../../src/authority/index.ts';
import { proveInclusion } from '../../src/authority/prove-inclusion.ts';
import { hashLeaf } from '../../src/log/index.ts';
import { RunningTree } from '../../src/log/running-tree.ts';
import { Child } from '../store/children/child.ts';
import { byRawKey, createAuthority, openUnlocked, query } from '../support/authority.ts';
import { readCheckpoints, readTiles, tilesOf } from '../support/checkpoints.ts';
import { engines } from '../support/engines.ts';
import { expectWholeLog } from '../support/log.ts';
import { toHex } from '../support/vectors.ts';

// HANAPER_KILLS=200 is for a night.
const kills = Number(process.env['HANAPER_KILLS'] ?? 2);
const script = new URL('./children/sign-packages.ts', import.meta.url);

interface Said {
  readonly receipt: string;
  readonly index: number;
}

async function prepare(url: string): Promise<void> {
  const { authority } = await createAuthority(url);
  await authority.executeFor('acme', createKey, { name: 'release' });
  await authority.close();
}

async function start(url: string, count: number): Promise<Child> {
  const child = new Child(script, [url, String(count)]);
  // It says that it is ready.
  await child.hear();
  return child;
}

/** One history: no gap, no fork, each checkpoint a head of it, and the tiles its own. Returns how long it is. */
async function expectOneHistory(url: string, heads: Map<number, string>): Promise<number> {
  const { length } = await expectWholeLog(url);
  const rows = await query(url, 'select entry from log_entries order by entry_index');
  const leaves = rows.map((row) => hashLeaf(row['entry'] as Uint8Array));
  await using authority = await openUnlocked(url, {}, byRawKey(1));
  await authority.checkpoint();
  const checkpoints = await readCheckpoints(authority);
  expect(checkpoints.at(-1)?.size).toBe(length);
  const tree = new RunningTree();
  const roots = new Map(checkpoints.map(({ size, root }) => [size, toHex(root)]));
  for (const [index, leaf] of leaves.entries()) {
    tree.append(leaf);
    if (roots.has(index + 1)) expect(roots.get(index + 1)).toBe(toHex(tree.root()));
  }
  // What was seen before is there still.
  for (const [size, root] of heads) expect(roots.get(size)).toBe(root);
  for (const [size, root] of roots) heads.set(size, root);
  expect(await readTiles(authority)).toEqual(tilesOf(leaves));
  return length;
}

async function expectProven(url: string, said: readonly Said[]): Promise<void> {
  await using authority = await openUnlocked(url, {}, byRawKey(1));
  for (const { receipt, index } of said) expect(await proveInclusion(authority, { receipt })).toMatchObject({ index });
}

describe.each(engines)('$name', (engine) => {
  test('two processes that write and sign at full speed make one history, in which every receipt is proven', async () => {
    const url = await engine.createUrl();
    await prepare(url);
    const count = 100;
    const children = await Promise.all([start(url, count), start(url, count)]);
    for (const child of children) child.go();
    const said = (await Promise.all(children.map((child) => child.rest<Said>()))).flat();
    expect(said).toHaveLength(2 * count);
    expect(await expectOneHistory(url, new Map())).toBe(2 + 2 * count);
    expect(new Set(said.map(({ index }) => index)).size).toBe(2 * count);
    await expectProven(url, said);
  });

  test('so they do where one of them is killed, at any moment', async () => {
    const url = await engine.createUrl();
    await prepare(url);
    const heads = new Map<number, string>();
    let total = 0;
    for (let round = 0; round < kills; round++) {
      const [killed, other] = await Promise.all([start(url, 10_000), start(url, 24)]);
      for (const child of [killed, other]) child.go();
      const finished = other.rest<Said>();
      // At any moment, and at any after the first receipt, which a slow machine may reach late.
      const first = round % 2 === 0 ? [] : [await killed.hear<Said>()];
      const rest = killed.rest<Said>();
      await sleep(Math.random() * 300);
      await killed.kill();
      const said = [...first, ...(await rest), ...(await finished)];
      total += said.length;
      expect(await finished).toHaveLength(24);
      expect(await expectOneHistory(url, heads)).toBeGreaterThanOrEqual(total + 2);
      await expectProven(url, said);
    }
    expect(total).toBeGreaterThan(kills * 24);
    expect(heads.size).toBeGreaterThan(kills);
  });
});
