import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Audited, auditDatabase } from '../../../../src/authority/audit/database/audit-database.ts';
import type { Authority } from '../../../../src/authority/index.ts';
import { Secret } from '../../../../src/crypto/secret.ts';
import { createSalt, digestEffect } from '../../../../src/log/effect.ts';
import { decodeLogEntry, encodeLogEntry, formatOrigin, signCheckpoint, treeHash } from '../../../../src/log/index.ts';
import { computeCid, formatCid } from '../../../../src/ucan/index.ts';
import { query, queryAll, queryOne, type Row } from '../../../support/authority.ts';
import { engines, type TestEngine } from '../../../support/engines.ts';
import { withAuthority, writeHistory } from '../../../support/history.ts';
import { dropReferences, insertOf, readRows, restore } from '../../../support/mutations.ts';

/** What somebody does who can write into the database, and what is found of it. */
interface Edit {
  readonly title: string;
  /** The only one on which it can be done. */
  readonly engine?: TestEngine['name'];
  edit(url: string): Promise<unknown>;
  readonly finds: { readonly kind: string; readonly table: string; readonly message: RegExp; readonly index?: unknown };
}

const id = '01890a5d-ac96-774b-bcce-b302099a8059';
const differs = /differs from what was written/;
const missing = /is missing, and no entry has removed it/;
const unexplained = /No entry of the log explains/;

const noTime = (url: string) => (url.startsWith('postgres') ? "'-infinity'" : "''");

async function copy(url: string, table: string, changes: Row): Promise<void> {
  const [row] = await query(url, `select * from ${table}`);
  const { id: _, ...others } = { ...row, ...changes };
  await query(url, ...insertOf(table, 'id' in changes ? { ...row, ...changes } : others));
}

async function readEntry(url: string, index: number): Promise<Uint8Array> {
  const { entry } = await queryOne(url, 'select entry from log_entries where entry_index = $1', [index]);
  return new Uint8Array(entry as Uint8Array);
}

/** Takes the last entry off the log, with all that it caused, and puts the head back. */
async function cutOff(url: string): Promise<void> {
  const { size } = await queryOne(url, 'select size from log_head');
  const last = Number(size) - 1;
  await query(url, 'delete from log_effects where entry_index = $1', [last]);
  await query(url, 'delete from log_entries where entry_index = $1', [last]);
  await query(
    url,
    'delete from ucan_invocations where id in (select id from ucan_invocations order by id desc limit 2)',
  );
  await query(url, 'update log_head set size = $1', [last]);
}

/** The entry by which a command was executed last. */
async function entryOf(url: string, command: string): Promise<number> {
  const cids = (await query(url, 'select cid from ucan_invocations where cmd = $1', [command])).map(({ cid }) => cid);
  const entries = await query(url, 'select entry_index, entry from log_entries order by entry_index desc');
  const found = entries.find(({ entry }) =>
    cids.includes(formatCid(decodeLogEntry(new Uint8Array(entry as Uint8Array)).invocation)),
  );
  return Number(found?.['entry_index']);
}

/** Says that what a command wrote was something else, and puts the rows back as they were before. */
async function unmake(url: string, command: string, relabel: (url: string, index: number) => Promise<unknown>) {
  const index = await entryOf(url, command);
  const written = await query(url, 'select table_name, row_key from log_effects where entry_index = $1', [index]);
  await relabel(url, index);
  for (const { table_name: table, row_key: key } of written) {
    if (table === 'trust_snapshots') await query(url, 'delete from trust_snapshots where id = $1', [key]);
    if (table === 'ucan_revocations') await query(url, 'delete from ucan_revocations');
    if (table === 'trusted_keys' || table === 'signing_keys')
      await query(url, `update ${table} set revoked_at = null, revocation_reason = null where id = $1`, [key]);
  }
}

/** The rows that an entry wrote are said to be one that the last entry has written. */
async function relabelAsLater(url: string, index: number): Promise<void> {
  const [later] = await query(url, 'select table_name, row_key from log_effects order by entry_index desc limit 1');
  await query(url, 'update log_effects set table_name = $1, row_key = $2 where entry_index = $3', [
    later?.['table_name'],
    later?.['row_key'],
    index,
  ]);
}

/** They are said to be signatures that had to be forgotten. */
async function relabelAsForgotten(url: string, index: number): Promise<void> {
  const sql = `update log_effects set table_name = 'package_signatures', row_key = $1, salt = null where entry_index = $2`;
  await query(url, sql, [id, index]);
}

/** Cuts an act out of the middle, moves up what came behind, and removes what was signed since. */
async function cutOut(url: string, index: number, keptCheckpoints: number): Promise<void> {
  const { invocation, receipt } = decodeLogEntry(await readEntry(url, index));
  for (const cid of [invocation, receipt]) {
    await query(url, 'delete from ucan_invocations where cid = $1', [formatCid(cid)]);
  }
  for (const table of ['log_effects', 'log_entries']) {
    await query(url, `delete from ${table} where entry_index = $1`, [index]);
    const later = await query(url, `select distinct entry_index from ${table} where entry_index > $1 order by 1`, [
      index,
    ]);
    for (const { entry_index: at } of later) {
      await query(url, `update ${table} set entry_index = $1 where entry_index = $2`, [Number(at) - 1, at]);
    }
  }
  await query(url, 'delete from checkpoints where size > $1', [keptCheckpoints]);
  await query(url, 'delete from log_tiles');
  await query(url, 'update log_head set size = size - 1');
}

const relabelled = /are not those that it has the root of, or are said to be of other rows/;

const undone: readonly Edit[] = ['/key/revoke', '/ucan/revoke', '/trust/revoke', '/acl/revoke'].flatMap((command) => [
  {
    title: `${command} is said to have written what another has written since`,
    edit: (url: string) => unmake(url, command, relabelAsLater),
    finds: { kind: 'effect', table: 'log_effects', message: relabelled, index: expect.any(Number) },
  },
  {
    title: `${command} is said to have written what had to be forgotten`,
    edit: (url: string) => unmake(url, command, relabelAsForgotten),
    finds: { kind: 'effect', table: 'log_effects', message: relabelled, index: expect.any(Number) },
  },
]);

const cut: readonly Edit[] = [
  {
    title: 'an act is cut out of the middle, with all that was signed since the first moment',
    edit: (url) => cutOut(url, 9, 1),
    finds: { kind: 'entry', table: 'log_entries', message: /names another index/, index: 9 },
  },
  {
    title: 'an act is cut out of the middle, with all that was ever signed',
    edit: (url) => cutOut(url, 9, 0),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /There is no checkpoint over the \d+ entries/ },
  },
  {
    title: 'an entry is given effects that it did not have, with all that was signed since the first moment',
    edit: async (url) => {
      const entry = { ...decodeLogEntry(await readEntry(url, 9)), effectsRoot: treeHash([]), effectCount: 0 };
      await query(url, 'update log_entries set entry = $1 where entry_index = 9', [Buffer.from(encodeLogEntry(entry))]);
      await query(url, 'delete from log_effects where entry_index = 9');
      await query(url, 'delete from checkpoints where size > 1');
    },
    finds: { kind: 'entry', table: 'log_entries', message: /names other effects/, index: 9 },
  },
  {
    title: 'an entry is written as one of an older version, which does not tell which rows were written',
    edit: async (url) => {
      const effects = await query(url, 'select digest from log_effects where entry_index = 9 order by position');
      const effectsRoot = treeHash(effects.map(({ digest }) => new Uint8Array(digest as Uint8Array)));
      const entry = { ...decodeLogEntry(await readEntry(url, 9)), version: 1, effectsRoot } as const;
      await query(url, 'update log_entries set entry = $1 where entry_index = 9', [Buffer.from(encodeLogEntry(entry))]);
      await query(url, 'delete from checkpoints where size > 1');
    },
    finds: { kind: 'entry', table: 'log_entries', message: /is of an older version than those in front/, index: 9 },
  },
  {
    title: 'the last entry is dated later, with what was signed of it',
    edit: async (url) => {
      const last = Number((await queryOne(url, 'select size from log_head'))['size']) - 1;
      const entry = { ...decodeLogEntry(await readEntry(url, last)), enrolledAt: '2099-01-01T00:00:00.000Z' };
      const bytes = Buffer.from(encodeLogEntry(entry));
      await query(url, 'update log_entries set entry = $1 where entry_index = $2', [bytes, last]);
      await query(url, 'delete from checkpoints where size > 1');
    },
    finds: { kind: 'entry', table: 'log_entries', message: /names another time/ },
  },
];

const byHand: readonly Edit[] = [
  {
    title: 'a key is slipped into those that are trusted',
    edit: (url) => copy(url, 'trusted_keys', { id, key_fingerprint: 'ab'.repeat(32) }),
    finds: { kind: 'row', table: 'trusted_keys', message: unexplained },
  },
  {
    title: 'a revoked key is made active again',
    edit: (url) => query(url, 'update trusted_keys set revoked_at = null where revoked_at is not null'),
    finds: { kind: 'row', table: 'trusted_keys', message: differs, index: expect.any(Number) },
  },
  {
    title: 'a key is exchanged for another',
    edit: (url) => query(url, 'update signing_keys set public_key = $1', [Buffer.alloc(32, 7)]),
    finds: { kind: 'row', table: 'signing_keys', message: differs },
  },
  {
    title: 'a revocation is removed',
    edit: (url) => query(url, 'delete from ucan_revocations'),
    finds: { kind: 'row', table: 'ucan_revocations', message: missing, index: expect.any(Number) },
  },
  {
    title: 'a revocation is removed together with its salt',
    edit: async (url) => {
      await query(url, 'delete from ucan_revocations');
      await query(url, "update log_effects set salt = null where table_name = 'ucan_revocations'");
    },
    finds: { kind: 'row', table: 'ucan_revocations', message: /none in this table may be/ },
  },
  {
    title: 'a revocation is removed together with its effect',
    edit: async (url) => {
      await query(url, 'delete from ucan_revocations');
      await query(url, "delete from log_effects where table_name = 'ucan_revocations'");
    },
    finds: { kind: 'effect', table: 'log_effects', message: /has 1 effects, and 0 are listed/ },
  },
  {
    title: 'a row is explained by an effect that is not in its entry',
    edit: async (url) => {
      await copy(url, 'key_trust_acls', { id, revoked_at: null });
      const salt = createSalt();
      const digest = digestEffect(salt, { table: 'key_trust_acls', key: id, row: null });
      const values = [5, 100, 'key_trust_acls', id, Buffer.from(salt), Buffer.from(digest)];
      await query(url, 'insert into log_effects values ($1, $2, $3, $4, $5, $6)', values);
    },
    finds: { kind: 'effect', table: 'log_effects', message: /is not where it belongs/, index: 5 },
  },
  {
    title: "another's keys are accepted",
    edit: (url) => query(url, 'update key_trust_acls set revoked_at = null'),
    finds: { kind: 'row', table: 'key_trust_acls', message: differs },
  },
  {
    title: 'hash signatures are allowed',
    edit: (url) => query(url, "update organizations set hash_signatures_since = '2020-01-01T00:00:00.000Z'"),
    finds: { kind: 'row', table: 'organizations', message: differs },
  },
  {
    title: 'a key slot is added',
    edit: (url) => copy(url, 'key_slots', { id }),
    finds: { kind: 'row', table: 'key_slots', message: unexplained },
  },
  {
    title: 'a delegation is made broader',
    edit: (url) => query(url, "update ucan_delegations set cmd = '/', exp = null"),
    finds: { kind: 'row', table: 'ucan_delegations', message: differs },
  },
  {
    title: 'a stored signature is superseded',
    edit: (url) => query(url, "update package_signatures set superseded_at = '2030-01-01T00:00:00.000Z'"),
    finds: { kind: 'row', table: 'package_signatures', message: differs },
  },
  {
    title: 'a stranger is made a person',
    edit: (url) => query(url, "update did_documents set kind = 'person' where kind = 'stranger'"),
    finds: { kind: 'row', table: 'did_documents', message: differs },
  },
  {
    title: 'an invocation is removed',
    edit: (url) => query(url, "delete from ucan_invocations where cmd = '/key/revoke'"),
    finds: { kind: 'token', table: 'ucan_invocations', message: /is missing/, index: expect.any(Number) },
  },
  {
    title: 'an invocation is said to have come before all time',
    edit: (url) => query(url, `update ucan_invocations set created_at = ${noTime(url)} where cmd = '/key/revoke'`),
    finds: { kind: 'token', table: 'ucan_invocations', message: /created_at/, index: expect.any(Number) },
  },
  {
    title: 'a checkpoint is given an invalid time',
    edit: (url) => query(url, `update checkpoints set created_at = ${noTime(url)}`),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /is not a valid time/ },
  },
  {
    title: 'receipts are exchanged',
    edit: async (url) => {
      const rows = await query(url, "select id, envelope from ucan_invocations where cmd = '/ucan/assert/receipt'");
      const [first, second] = rows;
      await query(url, 'update ucan_invocations set envelope = $1 where id = $2', [
        second?.['envelope'],
        first?.['id'],
      ]);
    },
    finds: { kind: 'token', table: 'ucan_invocations', message: /has other bytes/ },
  },
  {
    title: 'an act is said to be of another time',
    edit: (url) => query(url, "update ucan_invocations set executed_at = '2020-01-01T00:00:00.000Z' where id = 5"),
    finds: { kind: 'token', table: 'ucan_invocations', message: /says in executed_at something else/ },
  },
  {
    title: 'the last entry is cut off, and the head put back',
    edit: cutOff,
    finds: { kind: 'tree', table: 'log_entries', message: /A checkpoint of \d+ entries is signed, and there are \d+/ },
  },
  {
    title: 'an entry is removed',
    edit: (url) => query(url, 'delete from log_entries where entry_index = 3'),
    finds: { kind: 'entry', table: 'log_entries', message: /comes behind 3 others/, index: 4 },
  },
  {
    title: 'an entry is put in the place of another',
    edit: async (url) =>
      query(url, 'update log_entries set entry = $1 where entry_index = 7', [await readEntry(url, 6)]),
    finds: { kind: 'entry', table: 'log_entries', message: /name 2 invocations or receipts that others have named/ },
  },
  {
    title: 'an entry is written anew, with an earlier time',
    edit: async (url) => {
      const entry = { ...decodeLogEntry(await readEntry(url, 7)), enrolledAt: '2020-01-01T00:00:00.000Z' };
      const bytes = Buffer.from(encodeLogEntry(entry));
      await query(url, 'update log_entries set entry = $1 where entry_index = 7', [bytes]);
    },
    finds: { kind: 'entry', table: 'log_entries', message: /was enrolled at 2020-\S+, before the one in front of it/ },
  },
  {
    title: 'an entry is nothing that was ever written',
    edit: (url) => query(url, 'update log_entries set entry = $1 where entry_index = 7', [Buffer.from('entry')]),
    finds: { kind: 'entry', table: 'log_entries', message: /is invalid/, index: 7 },
  },
  {
    title: 'the head is lost',
    edit: (url) => query(url, 'delete from log_head'),
    finds: { kind: 'head', table: 'log_head', message: /lost its head/ },
  },
  {
    title: 'there is another head',
    // PostgreSQL has no way past a CHECK but another table, and that is refused.
    engine: 'sqlite',
    edit: (url) =>
      queryAll(url, [
        ['pragma ignore_check_constraints = on'],
        ['insert into log_head select 2, size, generation, enrolled_at from log_head'],
      ]),
    finds: { kind: 'head', table: 'log_head', message: /has more than one head/ },
  },
  {
    title: 'the generation is put back',
    edit: (url) => query(url, 'update log_head set generation = 1'),
    finds: { kind: 'head', table: 'log_head', message: /has the generation 1, and the entries result in/ },
  },
  {
    title: 'a revocation names an invocation by something that is no CID',
    edit: (url) => query(url, "update ucan_revocations set invocation_cid = 'zdpu'"),
    finds: { kind: 'row', table: 'ucan_revocations', message: differs },
  },
  {
    title: 'an invocation is called by something that is no CID',
    edit: (url) => query(url, "update ucan_invocations set cid = 'zdpu' where cmd = '/key/revoke'"),
    finds: { kind: 'token', table: 'ucan_invocations', message: /No entry of the log names zdpu/ },
  },
  {
    title: 'an invocation that is no revocation is slipped in as one',
    edit: async (url) => {
      const [revocation] = await query(url, 'select invocation_cid from ucan_revocations');
      const cid = formatCid(computeCid(Uint8Array.of(7)));
      await query(url, 'update ucan_revocations set invocation_cid = $1 where invocation_cid = $2', [
        cid,
        revocation?.['invocation_cid'],
      ]);
      const digest = 'ab'.repeat(32);
      await copy(url, 'ucan_invocations', { cid, payload_digest: digest, envelope: Buffer.from('none') });
    },
    finds: { kind: 'token', table: 'ucan_invocations', message: /No entry of the log names/ },
  },
  {
    title: 'effects are listed of an unknown table',
    edit: (url) => query(url, "update log_effects set table_name = 'elsewhere' where table_name = 'key_slots'"),
    finds: { kind: 'effect', table: 'log_effects', message: /Effects are listed of the table elsewhere/ },
  },
];

// Walks begin at the first row that there is, and not at the first that should be there.
const inFront: readonly Edit[] = [
  {
    title: 'an entry is put in front of the first, as far as numbers go',
    edit: async (url) =>
      query(url, 'insert into log_entries values ($1, $2)', [-9_007_199_254_740_991n, await readEntry(url, 6)]),
    finds: { kind: 'entry', table: 'log_entries', message: /comes behind 0 others/, index: -9_007_199_254_740_991 },
  },
  {
    title: 'an effect is listed of an entry in front of the first',
    edit: (url) =>
      query(url, 'insert into log_effects select -1, -1, table_name, row_key, salt, digest from log_effects limit 1'),
    finds: { kind: 'effect', table: 'log_effects', message: /is not where it belongs/, index: -1 },
  },
  {
    title: 'an effect of the first entry is listed in front of its others',
    edit: (url) =>
      query(url, 'insert into log_effects select 0, -1, table_name, row_key, salt, digest from log_effects limit 1'),
    finds: { kind: 'effect', table: 'log_effects', message: /is not where it belongs/, index: 0 },
  },
  {
    title: 'an invocation is put in front of the first',
    edit: (url) =>
      copy(url, 'ucan_invocations', {
        id: -7,
        cid: formatCid(computeCid(Uint8Array.of(7))),
        payload_digest: 'ab'.repeat(32),
      }),
    finds: { kind: 'token', table: 'ucan_invocations', message: /No entry of the log names/ },
  },
  {
    title: 'a checkpoint is put in front of the first',
    edit: (url) => query(url, 'insert into checkpoints select -1, note, created_at from checkpoints limit 1'),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /The checkpoint of -1 entries is one of/ },
  },
  {
    title: 'an invocation is said to have come before there was an authority',
    edit: (url) =>
      query(url, "update ucan_invocations set created_at = '2020-01-01T00:00:00.000Z' where cmd = '/key/revoke'"),
    finds: { kind: 'token', table: 'ucan_invocations', message: /created_at/, index: expect.any(Number) },
  },
];

const hints: readonly Edit[] = [
  {
    title: 'a proof is kept that no act rests on',
    edit: (url) =>
      query(url, 'insert into ucan_proofs values ($1, $2)', [
        formatCid(computeCid(Uint8Array.of(7))),
        Buffer.from(Uint8Array.of(7)),
      ]),
    finds: { kind: 'row', table: 'ucan_proofs', message: /No act rests on the proof/ },
  },
  {
    title: 'a proof that is kept is another',
    edit: (url) => query(url, 'update ucan_proofs set envelope = $1', [Buffer.from(Uint8Array.of(7))]),
    finds: { kind: 'row', table: 'ucan_proofs', message: /other bytes than those of its CID/ },
  },
  {
    title: 'a signature is said to stand where it does not',
    edit: (url) => query(url, 'insert into signature_places values ($1, 9)', [Buffer.alloc(32, 7)]),
    finds: { kind: 'row', table: 'signature_places', message: /The entry 9 has no signature of that digest/ },
  },
  {
    title: 'a signature is said to stand where nothing does',
    edit: (url) => query(url, 'insert into signature_places values ($1, 999999)', [Buffer.alloc(32, 7)]),
    finds: { kind: 'row', table: 'signature_places', message: /The entry 999999 has no signature/ },
  },
];

const tile = 'where level = 0 and tile_index = 0';
const changeTile = async (url: string, change: (hashes: Buffer) => Uint8Array) => {
  const { hashes } = await queryOne(url, `select hashes from log_tiles ${tile}`);
  await query(url, `update log_tiles set hashes = $1 ${tile}`, [Buffer.from(change(Buffer.from(hashes as Buffer)))]);
};

/** Writes a checkpoint over the last one: of the true size and root, unless told otherwise. */
async function forge(url: string, changes: { size?: number; origin?: string }): Promise<void> {
  const { findings: _, size, root } = await withAuthority(url, auditDatabase);
  const { did } = await queryOne(url, "select did from did_documents where kind = 'authority'");
  using key = Secret.adopt(new Uint8Array(32).fill(9));
  const origin = changes.origin ?? formatOrigin({ did: String(did), epoch: 1 });
  const note = await signCheckpoint({ origin, size: changes.size ?? size, root }, key);
  await query(url, 'update checkpoints set note = $1 where size = $2', [Buffer.from(note), size]);
}

const published: readonly Edit[] = [
  {
    title: 'a tile is cut short',
    edit: (url) => changeTile(url, (hashes) => hashes.subarray(0, 64)),
    finds: { kind: 'tile', table: 'log_tiles', message: /the hash 2 of the \d+ in it/, index: 2 },
  },
  {
    title: 'a tile ends within a hash',
    edit: (url) => changeTile(url, (hashes) => hashes.subarray(0, 65)),
    finds: { kind: 'tile', table: 'log_tiles', message: /the hash 2 of the/, index: 2 },
  },
  {
    title: 'hashes of a tile are in another order',
    edit: (url) =>
      changeTile(url, (hashes) =>
        Buffer.concat([hashes.subarray(32, 64), hashes.subarray(0, 32), hashes.subarray(64)]),
      ),
    finds: { kind: 'tile', table: 'log_tiles', message: /the hash 0 of the/, index: 0 },
  },
  {
    title: 'the hashes of a tile are there twice',
    edit: (url) => changeTile(url, (hashes) => Buffer.concat([hashes, hashes])),
    finds: { kind: 'tile', table: 'log_tiles', message: /has more than the \d+ hashes/ },
  },
  {
    title: 'a tile is there twice',
    edit: (url) => query(url, `insert into log_tiles select 0, 1, hashes from log_tiles ${tile}`),
    finds: { kind: 'tile', table: 'log_tiles', message: /is in no tree of \d+ entries/ },
  },
  {
    title: 'a tile is there that no tree can have',
    edit: (url) => query(url, `insert into log_tiles select -1, -7, hashes from log_tiles ${tile}`),
    finds: { kind: 'tile', table: 'log_tiles', message: /is in no tree of \d+ entries/ },
  },
  {
    title: 'a tile is missing',
    edit: (url) => query(url, `delete from log_tiles ${tile}`),
    finds: { kind: 'tile', table: 'log_tiles', message: /is missing/ },
  },
  {
    title: 'the last checkpoint is missing',
    edit: (url) => query(url, 'delete from checkpoints where size = (select max(size) from checkpoints)'),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /one behind it is missing/ },
  },
  {
    title: 'a checkpoint is removed from between two others',
    edit: (url) =>
      query(url, 'delete from checkpoints where size = (select size from checkpoints order by size limit 1 offset 1)'),
    finds: {
      kind: 'checkpoint',
      table: 'checkpoints',
      message: /comes behind one of \d+ entries, and that is not there/,
    },
  },
  {
    title: 'a checkpoint is signed by another key',
    edit: (url) => forge(url, {}),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /does not hold/ },
  },
  {
    title: 'a checkpoint has a signature more',
    edit: async (url) => {
      const { note } = await queryOne(url, 'select note from checkpoints order by size desc limit 1');
      const text = Buffer.from(note as Buffer).toString();
      const more = `${text}— elsewhere ${text.trimEnd().split(' ').at(-1)}\n`;
      await query(url, 'update checkpoints set note = $1 where size = (select max(size) from checkpoints)', [
        Buffer.from(more),
      ]);
    },
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /more signatures than the one of the log/ },
  },
  {
    title: 'a checkpoint is that of another log',
    edit: (url) => forge(url, { origin: 'example.com/log' }),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /does not hold/ },
  },
  {
    title: 'a checkpoint of fewer entries stands in the place of the last',
    edit: (url) =>
      query(
        url,
        `update checkpoints set note = (select note from checkpoints order by size limit 1)
         where size = (select max(size) from checkpoints)`,
      ),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /is one of \d+ entries/ },
  },
  {
    title: 'the key of the log is another',
    edit: (url) => query(url, 'update log_keys set public_key = $1', [Buffer.alloc(32, 1)]),
    finds: { kind: 'log_key', table: 'log_keys', message: /says something else than the statement/ },
  },
  {
    title: 'the statement about the key of the log is somebody else’s',
    edit: (url) => query(url, 'update log_keys set signature = $1', [Buffer.alloc(64, 1)]),
    finds: { kind: 'log_key', table: 'log_keys', message: /is not signed by its authority/ },
  },
  {
    title: 'the key of the log is gone',
    edit: (url) => query(url, 'delete from log_keys'),
    finds: { kind: 'checkpoint', table: 'checkpoints', message: /of which the authority says nothing/ },
  },
];

describe.each(engines)('$name', (engine) => {
  let url: string;
  let before: ReadonlyMap<string, readonly Row[]>;

  beforeAll(async () => {
    url = await engine.createUrl();
    await writeHistory(url);
    await dropReferences(url);
    before = await readRows(url);
  });

  afterEach(() => restore(url, before));

  test('repeated audits of an untouched database find nothing', async () => {
    const phases: string[] = [];
    const audit = (authority: Authority) =>
      auditDatabase(authority, { onProgress: (phase, done, total) => phases.push(`${phase} ${done}/${total}`) });
    const { findings, size, root, checkpoint } = await withAuthority(url, audit);
    expect(findings.list).toEqual([]);
    expect(findings.count).toBe(0);
    expect(findings.erased).toEqual({});
    expect(findings.toError('it')).toBeUndefined();
    expect(size).toBeGreaterThan(20);
    expect(checkpoint?.size).toBe(size);
    expect(phases).toContain(`tree ${size}/${size}`);
    expect(phases).toContain(`acts ${size}/${size}`);
    const again = await withAuthority(url, auditDatabase);
    expect(again.root).toEqual(root);
  });

  test('every chain is followed, though its proofs came beside the invocation', async () => {
    expect((await withAuthority(url, auditDatabase)).findings.unverifiableCount).toBe(0);
  });

  test('acts whose proofs are gone are reported, and are no fault', async () => {
    await query(url, 'delete from ucan_proofs');
    const { findings } = await withAuthority(url, auditDatabase);
    expect(findings.list).toEqual([]);
    const [{ invocation } = { invocation: '' }] = findings.unverifiable;
    expect(findings.unverifiableCount).toBe(2);
    expect(await queryOne(url, 'select cmd from ucan_invocations where cid = $1', [invocation])).toEqual({
      cmd: '/package/sign',
    });
  });

  test('a row that was forgotten with its salt is counted, where it may be', async () => {
    await query(url, 'delete from ucan_legacy_tokens');
    await query(url, "update log_effects set salt = null where table_name = 'ucan_legacy_tokens'");
    const { findings } = await withAuthority(url, auditDatabase);
    expect(findings.list).toEqual([]);
    expect(findings.erased).toEqual({ ucan_legacy_tokens: 2 });
  });

  const edits = [...byHand, ...inFront, ...hints, ...published, ...undone, ...cut];
  test.each(edits.filter((edit) => (edit.engine ?? engine.name) === engine.name))(
    'it is found that $title',
    async ({ edit, finds }) => {
      await edit(url);
      const { findings } = await withAuthority(url, auditDatabase);
      const { message, ...where } = finds;
      expect(findings.list).toContainEqual(
        expect.objectContaining({ ...where, message: expect.stringMatching(message) }),
      );
      expect(findings.toError('it')).toMatchObject({ code: 'log_tampered', details: { findings: findings.list } });
    },
  );

  describe('a log that was seen before', () => {
    const seen = async (): Promise<Audited> => withAuthority(url, auditDatabase);

    test('may go on, and stay as it is', async () => {
      const { checkpoint } = await seen();
      const notes = await query(url, 'select note from checkpoints order by size');
      const all = notes.map(({ note }) => new Uint8Array(note as Uint8Array));
      expect(all.length).toBeGreaterThan(2);
      const { findings } = await withAuthority(url, (authority) => auditDatabase(authority, { seen: all }));
      expect(findings.list).toEqual([]);
      expect(checkpoint?.note).toEqual(all.at(-1));
    });

    test('may not be shorter, whatever was put back with it', async () => {
      const { checkpoint } = await seen();
      await cutOff(url);
      await query(url, 'delete from checkpoints');
      await query(url, 'delete from log_tiles');
      const { findings } = await withAuthority(url, (authority) =>
        auditDatabase(authority, { seen: checkpoint ? [checkpoint.note] : [] }),
      );
      expect(findings.list).toContainEqual(expect.objectContaining({ kind: 'rolled_back', table: 'log_entries' }));
      expect(findings.toError('it')?.code).toBe('log_rolled_back');
    });

    test('may not have other entries than it had', async () => {
      const { checkpoint } = await seen();
      await query(url, 'update log_entries set entry = $1 where entry_index = 2', [Buffer.from('other')]);
      const { findings } = await withAuthority(url, (authority) =>
        auditDatabase(authority, { seen: checkpoint ? [checkpoint.note] : [] }),
      );
      expect(findings.toError('it')?.code).toBe('log_rolled_back');
    });

    test('may not have another key', async () => {
      using key = Secret.adopt(new Uint8Array(32).fill(9));
      const did = await withAuthority(url, async ({ identity }) => identity.did);
      const origin = formatOrigin({ did, epoch: 1 });
      const note = await signCheckpoint({ origin, size: 1, root: new Uint8Array(32) }, key);
      const { findings } = await withAuthority(url, (authority) => auditDatabase(authority, { seen: [note] }));
      expect(findings.list).toMatchObject([{ kind: 'rolled_back', table: 'log_keys' }]);
    });
  });
});
