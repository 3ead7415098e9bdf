import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const executable = fileURLToPath(new URL('../bin/hanaper.cjs', import.meta.url));
const bareServer = fileURLToPath(new URL('children/bare-server.ts', import.meta.url));
const loader = fileURLToPath(new URL('children/load.ts', import.meta.url));
const processes = 4;
const ticksPerSecond = 100;

/** What many requests took. */
export interface Load {
  /** Milliseconds of each, sorted. */
  readonly times: readonly number[];
  readonly perSecond: number;
  /** Milliseconds of the server's own processor time for each. */
  readonly cpu: number;
}

/** Where a server runs: a folder, and an environment. */
export interface Place {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** One kind of request, many of it. */
export interface Requests {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly type: string;
  readonly bodies: readonly Uint8Array[];
}

/** A server in a process of its own: the built one over a workshop's database, or a bare one. */
export class Served implements AsyncDisposable {
  readonly url: string;
  readonly #place: Place;
  readonly #child: ChildProcess;
  #loads = 0;

  private constructor(url: string, place: Place, child: ChildProcess) {
    this.url = url;
    this.#place = place;
    this.#child = child;
  }

  /** Starts it, and waits until it is ready. */
  static async start(place: Place, args: readonly string[] = [], nodeArgs: readonly string[] = []): Promise<Served> {
    const port = await findPort();
    return Served.#run(place, port, [
      ...nodeArgs,
      executable,
      'serve',
      '--listen',
      `127.0.0.1:${port}`,
      '--metrics',
      'off',
      ...args,
    ]);
  }

  /** Starts a server that does nothing but a work (`nothing`, `verify`, `sign`) for each request. */
  static async startBare(place: Place, work: string): Promise<Served> {
    const port = await findPort();
    return Served.#run(place, port, [bareServer, String(port), work]);
  }

  static async #run(place: Place, port: number, args: readonly string[]): Promise<Served> {
    const child = spawn(process.execPath, args, { env: place.environment, stdio: 'ignore' });
    const served = new Served(`http://127.0.0.1:${port}`, place, child);
    while (!(await served.isReady())) await sleep(2);
    return served;
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether it answers that it is ready. */
  async isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`the server ended with status ${this.#child.exitCode}`);
    return fetch(`${this.url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** Sends requests by several processes, over so many connections in all, each connection one after the other. */
  async load({ path, bodies, ...request }: Requests, connections: number): Promise<Load> {
    const count = Math.min(processes, connections);
    const shares = Array.from({ length: count }, (_, index) => bodies.filter((__, i) => i % count === index));
    const children = shares.map((share, index) => {
      const file = join(this.#place.folder, `load-${this.#loads}-${index}.json`);
      const bodiesInText = share.map((body) => Buffer.from(body).toString('base64'));
      writeFileSync(file, JSON.stringify({ ...request, url: `${this.url}${path}`, bodies: bodiesInText }));
      return spawn(process.execPath, [loader, file, String(connections / count)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
    });
    this.#loads++;
    const lines = children.map(readLines);
    for (const each of lines) await each.next();
    const before = this.cpu();
    const startedAt = performance.now();
    for (const child of children) child.stdin.write('go\n');
    const times = (await Promise.all(lines.map(async (each) => (await each.next()).value))).flatMap(
      (line) => JSON.parse(line ?? '[]') as number[],
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const { length } = times;
    if (length !== bodies.length) throw new Error('not every request was answered');
    const sorted = times.toSorted((left, right) => left - right);
    return { times: sorted, perSecond: length / seconds, cpu: (this.cpu() - before) / length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Milliseconds of processor time that it has had: proc(5), utime and stime, the fields 14 and 15. */
  cpu(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
  }
}

/** The value that a share of sorted values does not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function* readLines(child: ChildProcess): AsyncGenerator<string, string> {
  let rest = '';
  for await (const chunk of child.stdout ?? []) {
    rest += String(chunk);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  return rest;
}

function findPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
