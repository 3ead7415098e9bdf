/** The built executable, run as people and scripts run it: in a process, a home folder and an environment of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, onTestFinished } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { type ContainerEncoding, encodeContainer } from '../../src/ucan/index.ts';
import { createTempFolder } from './engines.ts';
import { eventually, patience } from './eventually.ts';

/** What bin/hanaper names; it runs what `npm run build` made of the sources. */
export const executable: string = fileURLToPath(new URL('../../bin/hanaper.cjs', import.meta.url));

/** Options of `init` that make it cheap. */
export const cheap: readonly string[] = ['--memory', '19456', '--passes', '2', '--lanes', '1', '--allow-weak'];

/** The passphrase in the file that every command here is given, unless a test says otherwise. */
export const passphrase = 'orange lantern kettle 47';

/** The exit status of each code, as the documentation has them. */
export const exitStatus: Readonly<Record<ErrorCode, number>> = {
  ...statuses(1, ['internal', 'unavailable']),
  ...statuses(2, ['usage', 'bad_config']),
  ...statuses(3, ['package_tampered', 'untrusted_signer', 'invalid_signature', 'signature_not_found']),
  ...statuses(3, ['malformed_signature', 'signature_expired', 'signature_not_yet_valid']),
  ...statuses(3, ['package_name_mismatch', 'unverified_import', 'log_tampered', 'log_rolled_back']),
  ...statuses(3, ['policy_not_met', 'trust_tampered', 'bundle_expired', 'bundle_not_yet_valid', 'bundle_rolled_back']),
  ...statuses(4, ['locked', 'wrong_passphrase']),
  ...statuses(5, [
    'token_missing',
    'not_authorized',
    'token_expired',
    'token_not_yet_valid',
    'token_revoked',
    'proof_unavailable',
  ]),
  ...statuses(5, ['audience_mismatch', 'subject_mismatch', 'command_not_covered', 'policy_violation']),
  ...statuses(5, ['invalid_token_signature', 'invalid_claim', 'key_revoked']),
  ...statuses(6, ['not_found']),
  ...statuses(7, ['already_exists', 'already_initialized', 'already_trusted']),
  ...statuses(8, ['bad_input', 'malformed_token', 'malformed_key', 'weak_key', 'weak_passphrase']),
  ...statuses(8, ['package_unreadable', 'package_empty', 'too_large', 'rate_limited']),
  ...statuses(9, ['not_initialized', 'database_newer', 'database_older', 'database_corrupt']),
  ...statuses(9, ['authority_tampered', 'authority_changed', 'slot_damaged']),
};

/** How a process ended, and what it said. */
export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
}

/** What a command is run with, beside its arguments. */
export interface Surroundings {
  /** Over the environment that a {@link Cli} gives anyway. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

/** The error in the document that a refused command prints. */
export interface RefusalDocument {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Milliseconds after which a command hangs. */
const longest = patience;
const escapeCharacter = '\u001b';

/** A person at a computer: a home folder, a working folder, and a database named by HANAPER_DB. */
export class Cli {
  readonly home: string;
  /** The working folder. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly #input: string | Uint8Array;

  constructor(home: string, folder: string, { env = {}, input = '' }: Surroundings) {
    this.home = home;
    this.folder = folder;
    this.env = env;
    this.#input = input;
  }

  /** The same person, with more in the environment or something on standard input. */
  with({ env, input = this.#input }: Surroundings): Cli {
    return new Cli(this.home, this.folder, { env: { ...this.env, ...env }, input });
  }

  /** The path of a file in the working folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file into the working folder, by default the owner's alone, and returns its name. */
  write(name: string, content: string | Uint8Array, mode = 0o600): string {
    writeFileSync(this.path(name), content, { mode });
    return name;
  }

  /** What a file in the working folder holds. */
  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** Whether there is such a file in the working folder. */
  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Starts a command and leaves its streams to the test. */
  start(...args: readonly string[]): ChildProcessWithoutNullStreams {
    return this.startProgram(process.execPath, executable, ...args);
  }

  /** Starts any program in these surroundings. */
  startProgram(program: string, ...args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn(program, args, { cwd: this.folder, env: { ...this.env }, timeout: longest, killSignal: 'SIGKILL' });
  }

  /** Runs a command to its end. */
  run(...args: readonly string[]): Promise<Finished> {
    return this.runProgram(process.execPath, executable, ...args);
  }

  /** Runs any program to its end in these surroundings. */
  runProgram(program: string, ...args: readonly string[]): Promise<Finished> {
    const child = this.startProgram(program, ...args);
    child.stdin.on('error', () => undefined);
    child.stdin.end(this.#input);
    return finish(child);
  }

  /** Runs a command that is to succeed, and returns what it prints for people. */
  async says(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...args);
    expect(status, stderr).toBe(0);
    return stdout;
  }

  /** Runs a command that is to succeed with `--json`, and returns its one document. */
  async done<Document = Readonly<Record<string, unknown>>>(...args: readonly string[]): Promise<Document> {
    const { status, stdout, stderr } = await this.run('--json', ...args);
    expect(status, stdout + stderr).toBe(0);
    return JSON.parse(stdout) as Document;
  }

  /** Runs a command that is to be refused with `code`, with `--json`, and returns the error in its document. */
  async refuses(code: ErrorCode, ...args: readonly string[]): Promise<RefusalDocument> {
    return expectRefusalDocument(code, await this.run('--json', ...args));
  }

  /** The same for people and for scripts. */
  async refusesBoth(code: ErrorCode, ...args: readonly string[]): Promise<RefusalDocument> {
    expectRefusal(code, await this.run(...args));
    return this.refuses(code, ...args);
  }
}

/** A person without a database yet, whose passphrase is in the file `pass` of HANAPER_PASSPHRASE_FILE. */
export async function createCli(database?: string): Promise<Cli> {
  const home = await createTempFolder();
  const folder = join(home, 'work');
  mkdirSync(folder);
  writeFileSync(join(folder, 'pass'), `${passphrase}\n`, { mode: 0o600 });
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    XDG_CACHE_HOME: inject('cacheFolder'),
    HANAPER_PASSPHRASE_FILE: join(folder, 'pass'),
    ...(database !== undefined && { HANAPER_DB: database }),
  };
  return new Cli(home, folder, { env });
}

/**
 * A person with an initialised database, an organisation `acme`, and its key `release`. It opens by the raw key of
 * HANAPER_RAW_KEY_FILE, which costs no Argon2id.
 */
export async function createInitialized(database?: string): Promise<Cli> {
  const bare = await createCli(database);
  bare.write('raw-key', randomBytes(32));
  const cli = bare.with({ env: { HANAPER_PASSPHRASE_FILE: '', HANAPER_RAW_KEY_FILE: bare.path('raw-key') } });
  await cli.done('init', '--slot', 'raw', '--org', 'acme');
  await cli.done('key', 'create', 'release');
  return cli;
}

/** Puts somebody's key into a file of 64 hex characters, named after them, and returns its name. */
export function writeKey(cli: Cli, name: string, { privateKey }: { readonly privateKey: Uint8Array }): string {
  return cli.write(`${name}.key`, Buffer.from(privateKey).toString('hex'));
}

/** Puts tokens into a file as a container, and returns its name. */
export async function writeTokens(
  cli: Cli,
  name: string,
  tokens: readonly { readonly bytes: Uint8Array }[],
  encoding: ContainerEncoding = 'base64url',
): Promise<string> {
  const bytes = tokens.map((token) => token.bytes);
  return cli.write(name, await encodeContainer(bytes, encoding));
}

/** The error for people: one line on standard error that ends with the code, nothing on standard output. */
function expectRefusal(code: ErrorCode, { status, stdout, stderr }: Finished): void {
  const said = stderr.trimEnd().split('\n').at(-1);
  expect(said).toMatch(/^error: .+ \([a-z_]+\)$/);
  expect(said).toContain(`(${code})`);
  expect(stdout).toBe('');
  expect(stderr).not.toContain(escapeCharacter);
  expect(status).toBe(exitStatus[code]);
}

/** The error for scripts: one document on standard output. */
export function expectRefusalDocument(code: ErrorCode, { status, stdout }: Finished): RefusalDocument {
  const document = JSON.parse(stdout) as { error: RefusalDocument };
  expect(document.error.code, document.error.message).toBe(code);
  expect(Object.keys(document)).toEqual(['error']);
  expect(Object.keys(document.error)).toEqual(['code', 'message', 'details']);
  expect(document.error.message).toMatch(/\S/);
  expect(status).toBe(exitStatus[code]);
  return document.error;
}

/** Collects what a process says until it ends. */
export function finish(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  const out: Buffer[] = [];
  const error: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => error.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const bytes = Buffer.concat(out);
      resolve({ status, signal, bytes, stdout: bytes.toString(), stderr: Buffer.concat(error).toString() });
    });
  });
}

// Ctrl-C.
const interrupt = '\u0003';

/** A pseudo-terminal of util-linux `script` in which one command runs. */
export class Terminal {
  /** Everything that was on the screen. */
  screen = '';
  readonly finished: Promise<Finished>;
  readonly #type: (text: string) => void;

  constructor(cli: Cli, command: string) {
    const child = cli.startProgram('script', '--quiet', '--return', '--flush', '--command', command, '/dev/null');
    child.stdout.on('data', (chunk: Buffer) => {
      this.screen += chunk.toString();
    });
    this.#type = (text) => void child.stdin.write(text);
    this.finished = finish(child).finally(() => child.stdin.destroy());
    child.stdin.on('error', () => undefined);
    // What runs there is no child of ours: it hears Ctrl-C, and nothing that the terminal itself is sent.
    onTestFinished(async () => {
      this.#type(interrupt);
      await this.finished;
    });
  }

  /** Waits until `text` stands on the screen for the `times`th time. */
  async sees(text: string, times = 1): Promise<void> {
    await this.#waitFor(new RegExp(RegExp.escape(text), 'g'), times);
  }

  /** Presses Ctrl-C. */
  interrupts(): void {
    this.#type(interrupt);
  }

  /** Types once a question that begins with `prompt` stands there, as quickly as a program would. */
  async answers(prompt: string, text: string, times = 1): Promise<void> {
    await this.#waitFor(new RegExp(`${RegExp.escape(prompt)}[^\\r\\n]*: (?!\\S)`, 'g'), times);
    this.#type(text);
  }

  async #waitFor(pattern: RegExp, times: number): Promise<void> {
    const count = () => (this.screen.match(pattern) ?? []).length;
    await eventually(() => {
      if (count() < times) throw new Error(`${pattern} was not seen; the screen was: ${this.screen}`);
    });
  }
}

/** Runs a command on a terminal of its own. */
export function openTerminal(cli: Cli, ...args: readonly string[]): Terminal {
  return new Terminal(cli, [process.execPath, executable, ...args].map((word) => `'${word}'`).join(' '));
}

function statuses<Code extends ErrorCode>(status: number, codes: readonly Code[]): Record<Code, number> {
  return Object.fromEntries(codes.map((code) => [code, status])) as Record<Code, number>;
}

/** A WebAssembly module that exports `answer`, a function that returns 42. */
export const plugin: Buffer = Buffer.from(
  '0061736d010000000105016000017f03020100070a0106616e7377657200000a06010400412a0b',
  'hex',
);
