import { randomFillSync } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { openAuthority } from 'hanaper/authority';
import { encodeLogEntry } from 'hanaper/log';
import { computeCid } from 'hanaper/ucan';
import { preparePassphrase } from 'hanaper/vault';
import { auditLogKeys } from '../dist/authority/audit/database/audit-log-keys.js';
import { auditTree } from '../dist/authority/audit/database/audit-tree.js';
import { Findings } from '../dist/authority/audit/findings.js';
import type { Line, Subject } from './line.ts';
import { medianOf } from './measure.ts';
import { Workshop } from './workshop.ts';

const subject = 'log-verify';
const entryCount = Number(process.env['HANAPER_BENCH_ENTRIES'] ?? 1_000_000);
const rounds = 3;
// Entries a second.
const rateBound = 150_000;
// Buffers that wait to be collected, most of it; it does not grow with the log.
const memoryBound = 256;

/** The tree of a log with a million entries in SQLite: recomputed, with every tile and checkpoint. */
export const logVerify: Subject = {
  name: subject,
  title: `the tree of ${entryCount.toLocaleString('en')} entries in SQLite`,
  async measure() {
    using workshop = new Workshop();
    {
      await using authority = await openAuthority({ database: workshop.database });
      using passphrase = preparePassphrase(workshop.passphrase);
      await authority.unlock({ kind: 'passphrase', passphrase });
      fill(workshop.database.slice('sqlite:'.length));
      await authority.checkpoint();
    }
    await using authority = await openAuthority({ database: workshop.database });
    const resident = process.memoryUsage.rss();
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) seconds.push(await verifyTree(authority));
    const growth = (process.memoryUsage.rss() - resident) / 2 ** 20;
    const perSecond = (medianOf(seconds) * 1000 * rateBound) / entryCount;
    return [
      line(`${rateBound.toLocaleString('en')} of them, with tiles and checkpoints`, perSecond, 'ms', rounds, 1000),
      line('memory that this added', growth, 'MiB', 1, memoryBound),
    ];
  },
};

async function verifyTree({ database, identity }: Awaited<ReturnType<typeof openAuthority>>): Promise<number> {
  const findings = new Findings();
  const startedAt = performance.now();
  const size = await database.transact('read', async (transaction) => {
    const key = await auditLogKeys(transaction, identity.did, findings);
    const tree = await auditTree(transaction, { key, seen: { here: [], elsewhere: [] }, findings });
    return tree.last?.size ?? 0;
  });
  const seconds = (performance.now() - startedAt) / 1000;
  if (size < entryCount || findings.count > 0) throw new Error(`it does not hold: ${JSON.stringify(findings.list[0])}`);
  return seconds;
}

/** Entries like those of real acts, about tokens that nobody made. */
function fill(path: string): void {
  using file = new DatabaseSync(path);
  const { size } = file.prepare('select size from log_head').get() as { readonly size: number };
  const insert = file.prepare('insert into log_entries (entry_index, entry) values (?, ?)');
  const [invocation, receipt] = [computeCid(Uint8Array.of(1)), computeCid(Uint8Array.of(2))];
  const effectsRoot = new Uint8Array(32);
  const enrolledAt = '2030-01-01T00:00:00.000Z';
  file.exec('PRAGMA synchronous = OFF; begin');
  for (let index = size; index < size + entryCount; index++) {
    randomFillSync(effectsRoot);
    insert.run(index, encodeLogEntry({ version: 2, invocation, receipt, enrolledAt, effectCount: 1, effectsRoot }));
  }
  file.prepare('update log_head set size = ?, enrolled_at = ?').run(size + entryCount, enrolledAt);
  file.exec('commit');
}

function line(name: string, value: number, unit: Line['unit'], times: number, bound: number): Line {
  return { subject, name, value, unit, rounds: times, bound, pass: value <= bound };
}
