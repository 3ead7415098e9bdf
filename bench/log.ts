import { randomFillSync } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type Authority, openAuthority, proveLog, readLog } from 'hanaper/authority';
import { encodeLogEntry } from 'hanaper/log';
import { computeCid, parseCid } from 'hanaper/ucan';
import { preparePassphrase } from 'hanaper/vault';
import { compare, type Line, type Subject } from './line.ts';
import { alternate, medianOf, timeOf } from './measure.ts';
import { Workshop } from './workshop.ts';

const subject = 'log';
const entryCount = Number(process.env['HANAPER_BENCH_ENTRIES'] ?? 1_000_000);
const few = 1000;
const proofs = 1000;
const proofBound = 1;
const rounds = 101;
// One more durable write of the same few rows; what is beyond is the noise of a disk.
const sizeBound = 1.5;

/** A log of a million entries: its checkpoints and its proofs. */
export const log: Subject = {
  name: subject,
  title: `${entryCount.toLocaleString('en')} entries of the log in SQLite`,
  async measure() {
    await using large = await Log.open(entryCount);
    await using small = await Log.open(few);
    const hashing = await timeOf(() => large.authority.checkpoint());
    await small.authority.checkpoint();
    const perSecond = Math.round((entryCount / hashing) * 1000).toLocaleString('en');
    return [
      line(`all of them under checkpoints: ${perSecond} entries a second`, hashing, 1),
      ...(await measureProofs(large.authority)),
      ...(await measureCheckpoints(large, small)),
    ];
  },
};

/** A database whose log has been filled with entries that name one receipt. */
class Log implements AsyncDisposable {
  readonly authority: Authority;
  readonly #workshop: Workshop;
  readonly #file: DatabaseSync;
  readonly #template: Buffer;
  readonly #digestAt: number;
  #size = 1;

  private constructor(authority: Authority, workshop: Workshop, template: Buffer, digestAt: number) {
    this.authority = authority;
    this.#workshop = workshop;
    this.#file = new DatabaseSync(workshop.database.slice('sqlite:'.length));
    this.#template = template;
    this.#digestAt = digestAt;
  }

  static async open(size: number): Promise<Log> {
    const workshop = new Workshop();
    const authority = await openAuthority({ database: workshop.database });
    using passphrase = preparePassphrase(workshop.passphrase);
    await authority.unlock({ kind: 'passphrase', passphrase });
    const [genesis] = (await authority.execute(readLog, { limit: 1 })).entries;
    if (genesis === undefined) throw new Error('the log has no entries');
    const invocation = computeCid(new Uint8Array(1));
    const receipt = parseCid(genesis.receipt);
    const fields = { enrolledAt: genesis.enrolled_at, effectCount: 1, effectsRoot: new Uint8Array(32) };
    const template = Buffer.from(encodeLogEntry({ version: 2, invocation, receipt, ...fields }));
    const opened = new Log(authority, workshop, template, template.indexOf(invocation.multihash.digest));
    opened.append(size - 1);
    return opened;
  }

  /** Adds entries, no two of which are alike. */
  append(count: number): void {
    const insert = this.#file.prepare('insert into log_entries (entry_index, entry) values (?, ?)');
    this.#file.exec('begin immediate');
    for (let at = 0; at < count; at++) {
      randomFillSync(this.#template, this.#digestAt, 32);
      insert.run(this.#size + at, this.#template);
    }
    this.#size += count;
    this.#file.prepare('update log_head set size = ?').run(this.#size);
    this.#file.exec('commit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    await this.authority.close();
    this.#workshop[Symbol.dispose]();
  }
}

async function measureProofs(authority: Authority): Promise<readonly Line[]> {
  const times: number[] = [];
  for (let i = 0; i < proofs; i++) {
    const index = Math.floor(Math.random() * entryCount);
    times.push(await timeOf(() => authority.execute(proveLog, { index })));
  }
  const slowest = times.toSorted((left, right) => left - right)[Math.floor(proofs * 0.99)] ?? 0;
  const median = medianOf(times);
  return [
    { ...line('an inclusion proof, verified: median', median, proofs), bound: proofBound, pass: median <= proofBound },
    line('an inclusion proof, verified: p99', slowest, proofs),
  ];
}

async function measureCheckpoints(large: Log, small: Log): Promise<readonly Line[]> {
  const contender = (name: string, one: Log) => ({
    name,
    run: () => {
      one.append(1);
      return timeOf(() => one.authority.checkpoint());
    },
  });
  const timings = await alternate(rounds, [
    contender(`a checkpoint of ${entryCount.toLocaleString('en')} entries`, large),
    contender(`a checkpoint of ${few.toLocaleString('en')}`, small),
  ]);
  return compare(subject, timings, sizeBound);
}

function line(name: string, value: number, count: number): Line {
  return { subject, name, value, unit: 'ms', rounds: count };
}
