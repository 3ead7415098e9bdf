import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOrganisation } from '../../../src/authority/commands/org.ts';
import {
  createKey,
  type EntryDocument,
  type EntryListDocument,
  openAuthority,
  proveLog,
  readLog,
  revokeKey,
  showCheckpoint,
  storeDelegations,
} from '../../../src/authority/index.ts';
import { findIndexAt } from '../../../src/authority/log/find-entry.ts';
import type { LogProofDocument } from '../../../src/authority/log/proof-document.ts';
import { proveInclusion } from '../../../src/authority/prove-inclusion.ts';
import { encodeUtf8 } from '../../../src/bytes.ts';
import { checkLogKey, checkSeen, openCheckpoint } from '../../../src/log/index.ts';
import { computeCid, decodeInvocation, formatCid, readReceipt } from '../../../src/ucan/index.ts';
import { query, queryOne } from '../../support/authority.ts';
import { appendEntries, readCheckpoints } from '../../support/checkpoints.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { ask, type Door, openDoor, send } from '../../support/door.ts';
import { engines } from '../../support/engines.ts';
import { bytesOf, checkProof, logKeyOf } from '../../support/proof.ts';
import { delegate, type Principal, principals } from '../../support/ucan.ts';

/** Checks a proof with the DID of the authority alone, and returns the receipt that it proves. */
async function check(did: string, proof: LogProofDocument) {
  const { entry, checkpoint } = await checkProof(did, proof);
  const token = bytesOf(proof.receipt);
  expect(formatCid(computeCid(token))).toBe(formatCid(entry.receipt));
  return { size: checkpoint.size, receipt: readReceipt(decodeInvocation(token)) };
}

describe.each(engines)('$name', (engine) => {
  let door: Door;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
  });

  afterAll(() => door.authority.close());

  const read = async (args = {}) => (await door.authority.execute(readLog, args)).entries;

  test('an entry tells what was done, by whom, with which result, and which rows it wrote', async () => {
    const did = door.authority.identity.did;
    const [genesis, created] = await read();
    expect(genesis).toMatchObject({ index: 0, command: '/log/begin', issuer: did, subject: did, outcome: 'ok' });
    expect(genesis?.effects.map(({ table }) => table)).toContain('log_keys');
    expect(created).toMatchObject({ index: 1, command: '/key/create', issuer: door.acme.did, subject: door.acme.did });
    expect(created?.effects).toHaveLength(created?.effect_count ?? 0);
    const { effects } = created as EntryDocument;
    expect(effects.map(({ table }) => table).sort()).toEqual(expect.arrayContaining(['signing_keys', 'trusted_keys']));
    for (const { digest, salt } of effects) {
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
      expect(salt).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  test('what was refused by its handler says so, and has written nothing', async () => {
    await expectCode('not_found', () => door.authority.executeFor('acme', revokeKey, { name: 'nothing' }));
    expect((await read({ limit: 1000 })).at(-1)).toMatchObject({
      command: '/key/revoke',
      outcome: 'not_found',
      effect_count: 0,
      effects: [],
    });
  });

  test('pages follow one another without a gap, and the last one says that it is', async () => {
    const whole = await door.authority.execute(readLog, { limit: 1000 });
    expect(whole).not.toHaveProperty('next');
    expect(whole.size).toBe(whole.entries.length);
    const pages: EntryDocument[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      const page: EntryListDocument = await door.authority.execute(readLog, { from, limit: 2 });
      expect(page.entries.length).toBeLessThanOrEqual(2);
      pages.push(...page.entries);
      from = page.next;
    }
    expect(pages).toEqual(whole.entries);
    expect(await door.authority.execute(readLog, { from: 10_000 })).toEqual({ entries: [], size: whole.size });
  });

  test('a page ends where its entries have written many rows, or their tokens are long', async () => {
    const [issuer, audience] = (await principals('page one', 'page two')) as [Principal, Principal];
    const { size: from } = await door.authority.execute(readLog, { limit: 1 });
    for (let round = 0; round < 5; round++) {
      const many = Array.from({ length: 250 }, (_, i) =>
        delegate(issuer, audience, { nonce: Uint8Array.of(round, i) }),
      );
      const given = await Promise.all(many);
      await door.authority.execute(storeDelegations, { delegations: given.map(({ cid }) => cid) }, given);
    }
    const { entries, next } = await door.authority.execute(readLog, { from, limit: 1000 });
    expect(entries.length).toBeLessThan(5);
    expect(entries.flatMap(({ effects }) => effects).length).toBeLessThanOrEqual(1000);
    expect(next).toBe(from + entries.length);
    const first = await door.authority.execute(readLog, { from, limit: 1 });
    expect(first.entries[0]?.effects.length).toBeGreaterThanOrEqual(250);
    const { size: later } = await door.authority.execute(readLog, { limit: 1 });
    for (let round = 0; round < 4; round++)
      await send(door, await ask(door, { meta: { pad: 'a'.repeat(60_000), round } }));
    const long = await door.authority.execute(readLog, { from: later });
    expect(long.entries).toHaveLength(3);
    expect(long.next).toBe(later + 3);
  });

  test('every entry is proven by its index and by its receipt, with the DID alone', async () => {
    await door.authority.executeFor('acme', createKey, { name: 'proven' });
    for (const { index, receipt } of await read({ limit: 1000 })) {
      const proof = await proveInclusion(door.authority, { index });
      expect(await proveInclusion(door.authority, { receipt })).toEqual(proof);
      const checked = await check(door.authority.identity.did, proof);
      expect(formatCid(checked.receipt.invocation.cid)).toBe(receipt);
      expect(checked.size).toBeGreaterThan(index);
    }
  });

  test('what was done by a request is proven at once by its receipt', async () => {
    const answer = await send(door, await ask(door));
    if (answer.kind !== 'receipt') throw new Error('it is a write');
    const { cid } = answer.receipt.invocation;
    const proof = await proveInclusion(door.authority, { index: answer.index ?? -1 });
    const { receipt } = await check(door.authority.identity.did, proof);
    expect(receipt.invocation.cid.equals(cid)).toBe(true);
    expect(await proveInclusion(door.authority, { receipt: formatCid(cid) })).toEqual(proof);
  });

  test('a proof names one entry, and one that there is', async () => {
    const prove = (args: object) => () => door.authority.execute(proveLog, args);
    await expectCode('bad_input', prove({}));
    await expectCode('bad_input', prove({ index: 0, receipt: (await read())[0]?.receipt }));
    await expectCode('bad_input', prove({ index: -1 }));
    await expectCode('bad_input', prove({ index: 0.5 }));
    await expectCode('bad_input', prove({ receipt: 'zdpu' }));
    await expectCode('not_found', prove({ index: 100_000 }));
    const { invocation = '' } = (await read())[0] ?? {};
    expect(await failureOf(prove({ receipt: invocation }))).toMatchObject({
      code: 'not_found',
      details: { kind: 'log entry' },
    });
    await expectCode('not_found', prove({ receipt: formatCid(computeCid(Uint8Array.of(1))) }));
  });

  test('while it is locked, what is under a checkpoint is proven, and what is not waits', async () => {
    const url = await engine.createUrl();
    const other = await openDoor(url);
    await other.authority.checkpoint();
    await other.authority.executeFor('acme', createKey, { name: 'later' });
    await using locked = await openAuthority({ database: url });
    await check(locked.identity.did, await proveInclusion(locked, { index: 1 }));
    expect(await failureOf(() => proveInclusion(locked, { index: 2 }))).toMatchObject({
      code: 'locked',
      details: { index: 2, size: 2 },
    });
    await other.authority.close();
    await check(locked.identity.did, await proveInclusion(locked, { index: 2 }));
  });

  test('a checkpoint continues each that was seen before', async () => {
    await appendEntries(door.authority, 300);
    await door.authority.execute(showCheckpoint, {});
    await appendEntries(door.authority, 300);
    const last = await door.authority.execute(showCheckpoint, {});
    expect([last.size, last.consistency]).toEqual([last.entries, undefined]);
    const { origin: name, publicKey } = await checkLogKey(logKeyOf(last), door.authority.identity.did);
    const now = await openCheckpoint(encodeUtf8(last.checkpoint), { name, publicKey });
    const seen = await readCheckpoints(door.authority);
    expect(seen.length).toBeGreaterThan(3);
    for (const one of seen) {
      const { consistency = [] } = await door.authority.execute(showCheckpoint, { since: one.size });
      checkSeen(one, now, consistency.map(bytesOf));
    }
    const { consistency } = await door.authority.execute(showCheckpoint, { since: last.size + 1 });
    expect(consistency).toEqual([]);
  });

  test('the entry at a time is the first that was enrolled then or later', async () => {
    const other = await openDoor(await engine.createUrl());
    const { authority } = other;
    for (const [at, name] of ['one', 'two', 'three'].entries()) {
      other.time += 10;
      await authority.executeFor('acme', createKey, { name });
      // Put back: what follows is enrolled at the time of what came before.
      if (at === 1) other.time -= 100;
    }
    const { entries } = await authority.execute(readLog, {});
    const times = entries.map(({ enrolled_at }) => enrolled_at);
    expect(times.toSorted()).toEqual(times);
    expect(new Set(times.slice(-2)).size).toBe(1);
    const find = (time: string) =>
      authority.database.transact('read', (inner) => findIndexAt(inner, time, times.length));
    for (const time of times) expect(await find(time)).toBe(times.indexOf(time));
    expect(await find('2000-01-01T00:00:00.000Z')).toBe(0);
    expect(await find('2999-01-01T00:00:00.000Z')).toBe(times.length);
    for (const { index, receipt } of entries)
      expect(await proveInclusion(authority, { receipt })).toMatchObject({ index });
    await authority.close();
  });

  test('where a salt and its row were erased, the tree is whole, and the entry is proven as before', async () => {
    const { authority, url } = await openDoor(await engine.createUrl());
    const { index, receipt } = (await authority.execute(readLog, {})).entries[1] as EntryDocument;
    const before = await proveInclusion(authority, { index });
    const effect = "where entry_index = 1 and table_name = 'trusted_keys'";
    const { row_key: id } = await queryOne(url, `select row_key from log_effects ${effect}`);
    await query(url, 'delete from trusted_keys where id = $1', [id]);
    await query(url, `update log_effects set salt = null ${effect}`);
    // Of the trust that was erased nothing more is signed; the log goes on.
    await authority.execute(createOrganisation, { name: 'after' });
    const after = await proveInclusion(authority, { receipt });
    expect(after.entry).toBe(before.entry);
    await check(authority.identity.did, after);
    const erased = (await authority.execute(readLog, { from: index, limit: 1 })).entries[0]?.effects ?? [];
    expect(erased.filter(({ salt }) => salt === undefined).map(({ table }) => table)).toEqual(['trusted_keys']);
    await authority.close();
  });

  describe('what was altered is not handed out:', () => {
    const attacks: [string, string, string, string][] = [
      [
        'an entry',
        'log_tampered',
        'inclusion_proof',
        'update log_entries set entry = (select entry from log_entries where entry_index = 1) where entry_index = 0',
      ],
      ['an invalid entry', 'log_tampered', 'entry', `update log_entries set entry = $1 where entry_index = 0`],
      ['a tile', 'log_tampered', 'tile', 'update log_tiles set hashes = $1'],
      ['the note', 'log_tampered', 'note', 'update checkpoints set note = $1'],
      ['the key', 'log_tampered', 'log_key', 'update log_keys set signature = $2'],
      [
        'the receipt',
        'database_corrupt',
        'receipt',
        `update ucan_invocations set envelope = $1 where cmd = '/ucan/assert/receipt'`,
      ],
      [
        'a receipt that is gone',
        'database_corrupt',
        'receipt',
        `delete from ucan_invocations where cmd = '/ucan/assert/receipt'`,
      ],
    ];

    test.each(attacks)('%s', async (_, code, what, statement) => {
      const { authority, url } = await openDoor(await engine.createUrl());
      await authority.checkpoint();
      authority.lock();
      const filler = statement.includes('$1') ? new Uint8Array(32) : new Uint8Array(64);
      await query(url, statement.replace('$2', '$1'), statement.includes('$') ? [filler] : []);
      const failure = await failureOf(() => proveInclusion(authority, { index: 0 }));
      expect(failure).toMatchObject({ code, details: { what: expect.stringContaining(what) } });
      await authority.close();
    });
  });
});
