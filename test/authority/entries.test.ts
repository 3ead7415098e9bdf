import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/authority/commands/list.ts';
import {
  type Authority,
  changeCredential,
  createKey,
  createOrganisation,
  openAuthority,
  openSigner,
  validateAuthority,
} from '../../src/authority/index.ts';
import { bindEffect, digestEffect } from '../../src/log/effect.ts';
import { encodeLogEntry } from '../../src/log/entry.ts';
import { treeHash } from '../../src/log/merkle.ts';
import type { Effect } from '../../src/store/engine/effects.ts';
import type { LogEffectRow, LogHeadRow } from '../../src/store/engine/schema.ts';
import { migrateDown } from '../../src/store/migrations/migrate.ts';
import { listLogEffects, listLogEntries, readLogHead } from '../../src/store/tables/log.ts';
import {
  computeCid,
  decodeDagCbor,
  decodeInvocation,
  formatCid,
  parseCid,
  signRevocation,
} from '../../src/ucan/index.ts';
import { raceChildren } from '../store/children/child.ts';
import { byRawKey, costs, createAuthority, openUnlocked, query, queryOne } from '../support/authority.ts';
import { ask, type Door, openDoor, send } from '../support/door.ts';
import { engines } from '../support/engines.ts';
import { signAsOlder } from '../support/older.ts';
import { placeOf, readLoggedRows } from '../support/tables.ts';
import { sendRevocation, store, twinOf } from '../support/tokens.ts';
import { delegate, principal } from '../support/ucan.ts';
import { toHex } from '../support/vectors.ts';
import { type Act, acts } from './acts.ts';

const unlockScript = new URL('./children/unlock.ts', import.meta.url);
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
// What the rows are like that each command writes, by engine.
const shapes = new Map<string, Record<string, unknown>>();

interface Entry {
  readonly entry: Uint8Array;
  readonly effects: readonly LogEffectRow[];
}

function readHead({ database }: Authority): Promise<LogHeadRow> {
  return database.transact('read', readLogHead);
}

function readEntries({ database }: Authority, from: number): Promise<readonly Entry[]> {
  return database.transact('read', async (transaction) => {
    const entries: Entry[] = [];
    for (const { entryIndex, entry } of await listLogEntries(transaction, from, 1000)) {
      entries.push({ entry: new Uint8Array(entry), effects: await listLogEffects(transaction, entryIndex) });
    }
    return entries;
  });
}

const boundOf = ({ digest, tableName: table, rowKey: key }: LogEffectRow) =>
  bindEffect(new Uint8Array(digest), { table, key });

const fieldsOf = ({ entry }: Entry) => decodeDagCbor(entry) as unknown[];

/** Which rows differ, as they are now. */
function differenceOf(before: ReadonlyMap<string, Effect>, after: ReadonlyMap<string, Effect>): Map<string, Effect> {
  const different = new Map<string, Effect>();
  const textOf = (effect?: Effect) => (effect ? toHex(digestEffect(new Uint8Array(16), effect)) : '');
  for (const [place, effect] of after) if (textOf(before.get(place)) !== textOf(effect)) different.set(place, effect);
  for (const [place, effect] of before) if (!after.has(place)) different.set(place, { ...effect, row: null });
  return different;
}

/** Checks an entry against the rows that it must be about, and the invocation and receipt that were written last. */
async function expectEntry(url: string, entry: Entry, rows: ReadonlyMap<string, Effect>): Promise<void> {
  const places = entry.effects.map(({ tableName: table, rowKey: key }) => placeOf({ table, key }));
  expect([...places].sort()).toEqual([...rows.keys()].sort());
  expect(entry.effects.map(({ position }) => position)).toEqual([...entry.effects.keys()]);
  for (const { tableName, rowKey, salt, digest } of entry.effects) {
    const effect = rows.get(placeOf({ table: tableName, key: rowKey }));
    const computed = effect && digestEffect(new Uint8Array(salt ?? []), effect);
    expect(toHex(new Uint8Array(digest)), `${tableName} ${rowKey}`).toBe(computed && toHex(computed));
  }
  const [, , , enrolledAt] = fieldsOf(entry);
  const written = await query(
    url,
    'select cid, result_cid from ucan_invocations where result_cid is not null order by id',
  );
  const { cid, result_cid } = written.at(-1) ?? {};
  const encoded = encodeLogEntry({
    version: 2,
    invocation: parseCid(String(cid)),
    receipt: parseCid(String(result_cid)),
    enrolledAt: String(enrolledAt),
    effectCount: rows.size,
    effectsRoot: treeHash(entry.effects.map(boundOf)),
  });
  expect(toHex(entry.entry)).toBe(toHex(encoded));
}

describe.each(engines)('$name', (engine) => {
  test('entry 0 is the genesis of a new database, and its effects are all the rows that there are', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    const [genesis, ...others] = await readEntries(authority, 0);
    expect(others).toEqual([]);
    const rows = await readLoggedRows(authority.database);
    expect([...rows.values()].map(({ table }) => table)).toEqual(
      expect.arrayContaining(['authority', 'key_slots', 'organizations', 'did_documents', 'ucan_delegations']),
    );
    if (genesis) await expectEntry(url, genesis, rows);
    expect(await query(url, 'select cmd, iss, aud from ucan_invocations order by id')).toMatchObject([
      { cmd: '/log/begin', iss: authority.identity.did },
      { cmd: '/ucan/assert/receipt', iss: authority.identity.did },
    ]);
    expect(await readHead(authority)).toMatchObject({ size: 1, generation: 1 });
    await authority.close();
  });

  describe('the effects of a command are exactly the rows that it changes:', () => {
    let door: Door;

    beforeAll(async () => {
      door = await openDoor(await engine.createUrl());
      shapes.set(engine.name, {});
    });

    afterAll(() => door.authority.close());

    test.each(acts)('$title', async ({ title, prepare, run, tables }: Act) => {
      const about = await prepare?.(door);
      const { size, generation } = await readHead(door.authority);
      const before = await readLoggedRows(door.authority.database);
      await run(door, about);
      const rows = differenceOf(before, await readLoggedRows(door.authority.database));
      expect([...new Set([...rows.values()].map(({ table }) => table))].sort()).toEqual([...tables].sort());
      const [entry, ...others] = await readEntries(door.authority, size);
      expect(others).toEqual([]);
      if (entry) await expectEntry(door.url, entry, rows);
      const moved = rows.size > 0 ? 1 : 0;
      expect(await readHead(door.authority)).toMatchObject({ size: size + 1, generation: generation + moved });
      const kept = shapes.get(engine.name);
      if (kept) kept[title] = [...rows.values()].map(shapeOf).sort();
    });

    test('no entry names anybody or anything but an invocation, a receipt and a time', async () => {
      const entries = await readEntries(door.authority, 0);
      expect(entries.length).toBeGreaterThan(acts.length);
      for (const entry of entries) {
        const [context, invocation, receipt, time, count, root, ...more] = fieldsOf(entry);
        expect(more).toEqual([]);
        expect(context).toBe('hanaper/v2/log-entry');
        expect([invocation, receipt]).toEqual([expect.objectContaining({ code: 0x71 }), expect.anything()]);
        expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(count).toBe(entry.effects.length);
        expect(root).toHaveLength(32);
        const text = Buffer.from(entry.entry).toString('latin1');
        for (const name of ['acme', 'release', 'did:key', 'plugin', '/org', '/key']) expect(text).not.toContain(name);
      }
    });

    test('no two salts are the same', async () => {
      const rows = await query(door.url, 'select salt from log_effects');
      const salts = rows.map(({ salt }) => Buffer.from(salt as Uint8Array).toString('hex'));
      expect(new Set(salts).size).toBe(rows.length);
    });

    test('a database with all of that is valid', async () => {
      expect(await validateAuthority(door.authority, byRawKey(1))).toMatchObject({ valid: true });
    });
  });

  test('what the handler refuses has an entry with no effects, and moves no generation', async () => {
    const door = await openDoor(await engine.createUrl());
    // So that who asks is a principal already.
    await send(door, await ask(door));
    const { size, generation } = await readHead(door.authority);
    const args = { hash: 'ab'.repeat(32), name: 'plugin.wasm', key: 'nobody' };
    await send(door, await ask(door, { args }));
    const [entry] = await readEntries(door.authority, size);
    if (entry) await expectEntry(door.url, entry, new Map());
    expect(toHex(fieldsOf(entry as Entry)[5] as Uint8Array)).toBe(empty);
    expect(await readHead(door.authority)).toMatchObject({ size: size + 1, generation });
    await door.authority.close();
  });

  test('the time of an entry is never before that of the one before, though the clock was put back', async () => {
    const door = await openDoor(await engine.createUrl());
    for (const seconds of [10, -1000, -5, 3, 20, 0]) {
      door.time += seconds;
      await door.authority.executeFor('acme', createKey, { name: `key-${Math.abs(seconds)}-${door.time}` });
    }
    const times = (await readEntries(door.authority, 0)).map((entry) => String(fieldsOf(entry)[3]));
    expect(times).toEqual(times.toSorted());
    expect((await readHead(door.authority)).enrolledAt).toBe(times.at(-1));
    const keys = await query(door.url, 'select created_at from signing_keys order by id');
    expect(keys.length).toBe(7);
    await door.authority.close();
  });

  test('a change of the passphrase is an entry, with the slot that was removed as an effect without a row', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    const { size } = await readHead(authority);
    const before = await readLoggedRows(authority.database);
    const { added, removed } = await changeCredential(authority, byRawKey(1), byRawKey(2), costs);
    const rows = differenceOf(before, await readLoggedRows(authority.database));
    expect([...rows].map(([place, { row }]) => [place, row === null]).sort()).toEqual(
      [
        [`key_slots/${added.id}`, false],
        [`key_slots/${removed.id}`, true],
      ].sort(),
    );
    const [entry, ...others] = await readEntries(authority, size);
    if (entry) await expectEntry(url, entry, rows);
    expect(others).toEqual([]);
    const sql = `select envelope from ucan_invocations where cmd = '/slot/replace'`;
    const { envelope } = await queryOne(url, sql);
    const { args } = decodeInvocation(new Uint8Array(envelope as Uint8Array));
    expect({ ...args }).toEqual({ added: added.id, removed: removed.id });
    await authority.close();
  });

  describe('a database of the version before', () => {
    async function createOld(): Promise<string> {
      const url = await engine.createUrl();
      const { authority } = await createAuthority(url);
      await authority.execute(createOrganisation, { name: 'globex' });
      await authority.executeFor('acme', createKey, { name: 'release' });
      await signAsOlder(authority);
      await migrateDown(authority.database, 2);
      await authority.close();
      await query(url, 'delete from ucan_invocations');
      return url;
    }

    async function expectGenesis(url: string): Promise<void> {
      await using authority = await openAuthority({ database: url });
      const [genesis, ...others] = await readEntries(authority, 0);
      expect(others).toEqual([]);
      if (genesis) await expectEntry(url, genesis, await readLoggedRows(authority.database));
      expect(await readHead(authority)).toMatchObject({ size: 1, generation: 1 });
    }

    test('has its genesis at its next unlocking, once', async () => {
      const url = await createOld();
      const authority = await openAuthority({ database: url });
      expect(await readEntries(authority, 0)).toEqual([]);
      expect(await readHead(authority)).toEqual({ size: 0, generation: 0, enrolledAt: null });
      for (let round = 0; round < 3; round++) {
        await authority.unlock(byRawKey(1));
        authority.lock();
        await expectGenesis(url);
      }
      await authority.close();
    });

    test.each([2, 4])('has one genesis, though %i processes unlock it at once', async (count) => {
      const url = await createOld();
      const outcomes = await raceChildren<string>(unlockScript, Array(count).fill([url]));
      expect(outcomes).toEqual(outcomes.map(() => 'ok'));
      await expectGenesis(url);
    });

    test('executes a revocation that was kept without a receipt, or its twin, and then has the receipt', async () => {
      const url = await createOld();
      await using authority = await openUnlocked(url, {}, byRawKey(1));
      const [issuer, bob] = [await principal('issuer', 'p256'), await principal('bob')];
      const target = await delegate(issuer, bob);
      await store(authority, target);
      const invocation = await signRevocation(issuer, { target: target.cid });
      expect(await sendRevocation(authority, invocation)).toMatchObject({ is_new: true });
      // As the version before has left it.
      await query(
        url,
        `delete from ucan_invocations where cid =
        (select result_cid from ucan_invocations where cmd = '/ucan/revoke')`,
      );
      await query(url, `update ucan_invocations set result_cid = null where cmd = '/ucan/revoke'`);
      const twin = { invocation: decodeInvocation(twinOf(invocation)), given: [], isLocal: true };
      const first = await authority.executeRequest(twin);
      expect(first).toMatchObject({ kind: 'receipt', isReplay: false });
      for (const each of [twin, { ...twin, invocation }]) {
        expect(await authority.executeRequest(each)).toMatchObject({ kind: 'receipt', isReplay: true });
      }
      const cid = computeCid(invocation.bytes);
      expect(await query(url, `select cid from ucan_invocations where cmd = '/ucan/revoke'`)).toEqual([
        { cid: formatCid(cid) },
      ]);
    });
  });

  test('organisations that came past the log are an entry at the next unlocking, and then nothing is', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.close();
    await query(url, 'delete from ucan_delegations');
    for (let round = 0; round < 3; round++) await (await openUnlocked(url, {}, byRawKey(1))).close();
    await using again = await openUnlocked(url, {}, byRawKey(1));
    expect(await openSigner(again, { organisation: 'acme' })).toBeDefined();
    const settled = `select id from ucan_invocations where cmd = '/principal/settle'`;
    expect(await query(url, settled)).toHaveLength(1);
    expect((await readHead(again)).size).toBe(2);
  });
});

test('every command that writes is among those whose effects are tested', () => {
  const writing = commands.filter(({ access }) => access === 'write').map(({ name }) => name);
  expect([...new Set(acts.map(({ command }) => command))].sort()).toEqual(writing.toSorted());
});

test('on both engines the rows are of the same form, column by column', () => {
  const [first, ...others] = [...shapes.values()];
  for (const other of others) expect(other).toEqual(first);
});

function shapeOf({ table, row }: Effect): string {
  const columns = Object.entries(row ?? {}).map(([column, value]) => `${column} ${formOf(value)}`);
  return row === null ? `${table} removed` : `${table}: ${columns.toSorted().join(', ')}`;
}

function formOf(value: string | number | Uint8Array): string {
  if (value instanceof Uint8Array) return value.length > 100 ? 'bytes' : `${value.length} bytes`;
  if (typeof value !== 'string') return typeof value;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return 'time';
  return /^[0-9a-f]{8}-/.test(value) ? 'id' : 'text';
}
