/** Real processes beside the test's own: started, told to go, listened to, killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A child process that says one JSON document a line. */
export class Child {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;
  #errors = '';

  /** Starts a script that lies beside a test: `new URL('./children/….ts', import.meta.url)`. */
  constructor(script: URL, args: readonly string[]) {
    this.#process = spawn(process.execPath, ['--conditions=source', script.pathname, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#exit = once(this.#process, 'close');
    const { stdout, stderr, stdin } = this.#process;
    if (stdout === null || stderr === null || stdin === null) throw new Error('the child has no pipes');
    stdin.on('error', () => undefined);
    stderr.on('data', (chunk) => {
      this.#errors += String(chunk);
    });
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    onTestFinished(() => this.kill());
  }

  /** The next thing that it says; `undefined` once it has ended. */
  async next<Said>(): Promise<Said | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : JSON.parse(value);
  }

  /** What it says next, which must be something. */
  async hear<Said>(): Promise<Said> {
    const said = await this.next<Said>();
    if (said === undefined) throw new Error(`the child ended without a word: ${this.#errors}`);
    return said;
  }

  /** Everything that it says until its end. */
  async rest<Said>(): Promise<Said[]> {
    const all: Said[] = [];
    for (let said = await this.next<Said>(); said !== undefined; said = await this.next<Said>()) all.push(said);
    return all;
  }

  /** Lets it go on. */
  go(): void {
    this.#process.stdin?.write('go\n');
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends it by SIGKILL, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }
}

/** Starts as many children, and lets all go at once when all are ready. Returns the last word of each. */
export async function raceChildren<Said>(script: URL, args: readonly (readonly string[])[]): Promise<Said[]> {
  const children = args.map((each) => new Child(script, each));
  await Promise.all(children.map((child) => child.hear()));
  for (const child of children) child.go();
  return Promise.all(
    children.map(async (child) => {
      const said = (await child.rest<Said>()).at(-1);
      if (said === undefined) throw new Error('a child ended without a word');
      return said;
    }),
  );
}
