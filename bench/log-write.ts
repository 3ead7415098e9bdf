import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Authority, openAuthority, openSigner } from 'hanaper/authority';
import { Secret } from 'hanaper/crypto';
import {
  type Checkpoint,
  emptyTree,
  encodeLogEntry,
  growTiles,
  hashLeaf,
  rootOfEdge,
  signCheckpoint,
} from 'hanaper/log';
import { computeCid, type Invocation, signInvocation } from 'hanaper/ucan';
import { preparePassphrase } from 'hanaper/vault';
import { bindEffect, createSalt, digestEffect } from '../dist/log/effect.js';
import { treeHash } from '../dist/log/merkle.js';
import type { Line, Subject } from './line.ts';
import { alternate, timeOf } from './measure.ts';
import { Workshop } from './workshop.ts';

const subject = 'log-write';
const table = 'package_signatures';
const clients = 16;
const writes = 800;
const rounds = 15;
const bound = 1.2;
const checkpointDelay = 500;
const time = '2026-01-31T12:00:00.000Z';

/**
 * What enrolling adds to a durable write. The door cannot be had without it, so the work of the log is done bare: the same
 * rows in the same transactions, once with what the log has of them and once without. What lies between the two is what
 * enrolling adds; a write through the door is compared with what it would take without that.
 */
export const logWrite: Subject = {
  name: subject,
  title: `/package/sign --store, durable on SQLite, ${clients} clients in this process, with checkpoints`,
  async measure() {
    using workshop = new Workshop();
    workshop.hanaper('key', 'create', 'release');
    await using authority = await openAuthority({ database: workshop.database, checkpointDelay });
    using passphrase = preparePassphrase(workshop.passphrase);
    await authority.unlock({ kind: 'passphrase', passphrase });
    using rows = new Rows(join(workshop.folder, 'rows.db'));
    using logged = new Rows(join(workshop.folder, 'logged.db'));
    const [door, without, withLog] = await alternate(rounds, [
      { name: 'a write through the door, 16 clients', run: () => writeByDoor(authority) },
      { name: 'its rows alone, bare', run: () => rows.write(false) },
      { name: 'its rows and those of the log, bare', run: () => logged.write(true) },
    ]);
    if (!door || !without || !withLog) throw new TypeError('there are three');
    const added = withLog.median - without.median;
    const ratio = door.median / (door.median - added);
    return [
      { ...line(door.name, door.median), ratio, bound, pass: ratio <= bound },
      line('of that the log: entry, effect, leaf, tiles, head', added),
      line(without.name, without.median),
      line(withLog.name, withLog.median),
    ];
  },
};

/** Milliseconds of one of many, by clients that wait for their answers. */
async function writeByDoor(authority: Authority): Promise<number> {
  const acme = await openSigner(authority, { organisation: 'acme' });
  const invocations: Invocation[] = [];
  for (let i = 0; i < writes; i++) {
    invocations.push(
      await signInvocation(acme, {
        subject: acme.did,
        command: '/package/sign',
        args: { name: 'plugin.wasm', hash: randomBytes(32).toString('hex'), key: 'release', store: true },
        expiration: Math.floor(Date.now() / 1000) + 600,
      }),
    );
  }
  const ask = async () => {
    for (let next = invocations.pop(); next; next = invocations.pop()) {
      const answer = await authority.executeRequest({ invocation: next, given: [] });
      if (answer.kind !== 'receipt' || !('ok' in answer.receipt.out)) throw new Error('it was refused');
    }
  };
  return (await timeOf(() => Promise.all(Array.from({ length: clients }, ask)))) / writes;
}

/** A bare database, with the rows of each write: two tokens and a signature. */
class Rows implements Disposable {
  readonly #file: DatabaseSync;
  readonly #key = Secret.copyOf(new Uint8Array(32).fill(1));
  #edge = emptyTree;

  constructor(path: string) {
    this.#file = new DatabaseSync(path);
    this.#file.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      create table tokens (cid text unique, payload_digest text unique, envelope blob) strict;
      create table signatures (id text primary key, package_hash text, signature blob, statement blob) strict;
      create table log_entries (entry_index integer primary key, entry blob) strict;
      create table log_effects (entry_index integer, position integer, table_name text, row_key text, salt blob,
        digest blob, primary key (entry_index, position)) strict, without rowid;
      create table log_head (id integer primary key, size integer) strict;
      create table log_tiles (level integer, tile_index integer, hashes blob, primary key (level, tile_index)) strict;
      create table checkpoints (size integer primary key, note blob) strict;
      insert into log_head values (1, 0)`);
  }

  /** Milliseconds of one of many, as many at a time as there are clients. */
  async write(isLogged: boolean): Promise<number> {
    const whole = await timeOf(async () => {
      for (let done = 0; done < writes; done += clients) this.#transact(() => this.#writeSome(isLogged));
      if (isLogged) await this.#checkpoint();
    });
    return whole / writes;
  }

  #transact(work: () => void): void {
    this.#file.exec('begin immediate');
    work();
    this.#file.exec('commit');
  }

  #writeSome(isLogged: boolean): void {
    const token = this.#file.prepare('insert into tokens values (?, ?, ?)');
    const signature = this.#file.prepare('insert into signatures values (?, ?, ?, ?)');
    for (let i = 0; i < clients; i++) {
      for (const length of [500, 900]) {
        token.run(randomBytes(32).toString('hex'), randomBytes(32).toString('hex'), randomBytes(length));
      }
      const id = randomBytes(16).toString('hex');
      const row = { id, package_hash: id, signature: randomBytes(64), statement: randomBytes(400) };
      signature.run(row.id, row.package_hash, row.signature, row.statement);
      if (isLogged) this.#appendEntry(row);
    }
  }

  #appendEntry(row: { readonly id: string; readonly signature: Uint8Array; readonly statement: Uint8Array }): void {
    const { size } = this.#file.prepare('select size from log_head').get() as { size: number };
    const salt = createSalt();
    const digest = digestEffect(salt, { table, key: row.id, row });
    const cid = computeCid(row.signature);
    const fields = {
      enrolledAt: time,
      effectCount: 1,
      effectsRoot: treeHash([bindEffect(digest, { table, key: row.id })]),
    };
    const entry = encodeLogEntry({ version: 2, invocation: cid, receipt: cid, ...fields });
    this.#file.prepare('insert into log_entries values (?, ?)').run(size, entry);
    this.#file.prepare('insert into log_effects values (?, 0, ?, ?, ?, ?)').run(size, table, row.id, salt, digest);
    this.#file.prepare('update log_head set size = ?').run(size + 1);
  }

  async #checkpoint(): Promise<void> {
    const rows = this.#file.prepare('select entry from log_entries where entry_index >= ?').all(this.#edge.size);
    const { edge, changed } = growTiles(
      this.#edge,
      rows.map((row) => hashLeaf(row['entry'] as Uint8Array)),
    );
    this.#edge = edge;
    const checkpoint: Checkpoint = { origin: 'bench', size: edge.size, root: rootOfEdge(edge) };
    const note = await signCheckpoint(checkpoint, this.#key);
    this.#transact(() => {
      for (const { level, index, hashes } of changed) {
        this.#file.prepare('insert or replace into log_tiles values (?, ?, ?)').run(level, index, hashes);
      }
      this.#file.prepare('insert into checkpoints values (?, ?)').run(edge.size, note);
    });
  }

  [Symbol.dispose](): void {
    this.#file.close();
    this.#key[Symbol.dispose]();
  }
}

function line(name: string, value: number): Line {
  return { subject, name, value, unit: 'ms', rounds };
}
