import { randomFillSync } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { Authority } from 'hanaper';
import { findStoredChain, openAuthority, storeDelegations } from 'hanaper/authority';
import { computeCid, type Delegation, decodeDelegation, formatCid, parseCid, verifyToken } from 'hanaper/ucan';
import { preparePassphrase } from 'hanaper/vault';
import { getDelegationByCid } from '../dist/store/tables/ucan-delegations.js';
import { compare, type Line, type Subject } from './line.ts';
import { alternate, medianOf, timeOf } from './measure.ts';
import { args, command, createChain, createSigner, delegate } from './tokens.ts';
import { Workshop } from './workshop.ts';

const subject = 'ucan-store';
const rowCount = Number(process.env['HANAPER_BENCH_DELEGATIONS'] ?? 1_000_000);
const principals = 50_000;
const chainLength = 10;
const selectBound = 2;
const searches = 1000;
const searchBound = 2;
const batchLength = 250;
const batches = 9;
// 35 % of the rate that verification alone allows.
const storeBound = 1 / 0.35;
const memoryBound = 64;

/** A SQLite database with a million delegations. */
export const ucanStore: Subject = {
  name: subject,
  title: `${rowCount.toLocaleString('en')} delegations in SQLite`,
  async measure() {
    using workshop = new Workshop();
    await using authority = await openAuthority({ database: workshop.database });
    using passphrase = preparePassphrase(workshop.passphrase);
    await authority.unlock({ kind: 'passphrase', passphrase });
    const path = workshop.database.slice('sqlite:'.length);
    using file = new DatabaseSync(path);
    await fill(file);
    const resident = process.memoryUsage.rss();
    const lines = [
      ...(await measureSelect(authority, file)),
      ...(await measureSearch(authority)),
      ...(await measureStoring(authority)),
    ];
    const growth = (process.memoryUsage.rss() - resident) / 2 ** 20;
    return [...lines, line('memory that all of this added', growth, 'MiB', 1, memoryBound)];
  },
};

/** Rows like those of real delegations, each with a CID and a signature of its own that nobody made. */
async function fill(file: DatabaseSync): Promise<void> {
  const signer = await createSigner();
  const { bytes } = await delegate(signer, signer.did, signer.did, 2_000_000_000);
  const dids = Array.from(
    { length: principals },
    (_, index) => `${signer.did.slice(0, -8)}${String(index).padStart(8, '1')}`,
  );
  const pick = (count: number) => dids[Math.floor(Math.random() * count)] ?? signer.did;
  const insert = file.prepare(
    `insert into ucan_delegations (did_id, cid, envelope, iss, aud, sub, cmd, exp, is_root, is_powerline, created_at)
     values (1, ?, ?, ?, ?, ?, '${command}', 2000000000, 0, 0, '2026-01-01T00:00:00.000Z')`,
  );
  file.exec('PRAGMA cache_size = -262144; PRAGMA synchronous = OFF; begin');
  for (let row = 0; row < rowCount; row++) {
    const envelope = new Uint8Array(bytes);
    randomFillSync(envelope, 3, 64);
    insert.run(formatCid(computeCid(envelope)), envelope, pick(principals), pick(principals), pick(1000));
  }
  file.exec('commit; PRAGMA cache_size = -32768');
}

async function measureSelect(authority: Authority, file: DatabaseSync): Promise<readonly Line[]> {
  const found = file.prepare('select cid from ucan_delegations where id = ?');
  const cids = Array.from({ length: 500 }, () => String(found.get(1 + Math.floor(Math.random() * rowCount))?.['cid']));
  const parsed = cids.map(parseCid);
  const bare = file.prepare('select * from ucan_delegations where cid = ?');
  const timings = await authority.database.transact('read', (transaction) =>
    alternate(51, [
      {
        name: 'getDelegationByCid',
        run: async () =>
          (await timeOf(async () => {
            for (const cid of parsed) await getDelegationByCid(transaction, cid);
          })) / cids.length,
      },
      {
        name: 'node:sqlite: a prepared select',
        run: async () =>
          (await timeOf(() => {
            for (const cid of cids) bare.get(cid);
          })) / cids.length,
      },
    ]),
  );
  return compare(subject, timings, selectBound);
}

async function measureSearch(authority: Authority): Promise<readonly Line[]> {
  const { signers, delegations } = await createChain(chainLength);
  await store(authority, delegations);
  const wish = { invoker: signers.at(-1)?.did ?? '', subject: signers[0]?.did ?? '', command, args };
  const times: number[] = [];
  for (let i = 0; i < searches; i++) {
    times.push(
      await timeOf(async () => {
        const { chain } = await authority.execute(findStoredChain, wish);
        if (chain.length !== chainLength) throw new Error('another chain was found');
      }),
    );
  }
  const slowest = times.toSorted((left, right) => left - right)[Math.floor(searches * 0.99)] ?? 0;
  return [
    line('a chain of ten is found: median', medianOf(times), 'ms', searches),
    line('a chain of ten is found: p99', slowest, 'ms', searches, searchBound),
  ];
}

async function measureStoring(authority: Authority): Promise<readonly Line[]> {
  const signer = await createSigner();
  const next = async () => {
    const made: Uint8Array[] = [];
    for (let i = 0; i < batchLength; i++)
      made.push((await delegate(signer, signer.did, signer.did, 2_000_000_000)).bytes);
    return made;
  };
  const timings = await alternate(batches, [
    {
      name: `storing ${batchLength} delegations, each`,
      run: async () => {
        const tokens = await next();
        return (await timeOf(() => store(authority, tokens.map(decodeDelegation)))) / batchLength;
      },
    },
    {
      name: 'decoding and verifying as many, each',
      run: async () => {
        const tokens = await next();
        return (
          (await timeOf(async () => {
            for (const bytes of tokens) await verifyToken(decodeDelegation(bytes));
          })) / batchLength
        );
      },
    },
  ]);
  return compare(subject, timings, storeBound);
}

async function store(authority: Authority, delegations: readonly Delegation[]): Promise<void> {
  await authority.execute(storeDelegations, { delegations: delegations.map(({ cid }) => cid) }, delegations);
}

function line(name: string, value: number, unit: Line['unit'], rounds: number, bound?: number): Line {
  return { subject, name, value, unit, rounds, ...(bound !== undefined && { bound, pass: value <= bound }) };
}
