import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

const executable = fileURLToPath(new URL('../bin/hanaper.cjs', import.meta.url));
const peakMemory = fileURLToPath(new URL('peak-memory.cjs', import.meta.url));
const passphrase = 'copper lantern drifts past midnight';
const blockLength = 16_000_000;

/** A folder for one subject, with an initialised SQLite database, and the real executable; gone when the subject ends. */
export class Workshop implements Disposable {
  readonly folder: string;
  readonly passphrase: string = passphrase;
  /** `sqlite:PATH` */
  readonly database: string;
  /** What commands of this workshop are run with. */
  readonly environment: NodeJS.ProcessEnv;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'hanaper-bench-'));
    this.database = `sqlite:${join(this.folder, 'hanaper.db')}`;
    const passphraseFile = join(this.folder, 'passphrase');
    writeFileSync(passphraseFile, passphrase, { mode: 0o600 });
    this.environment = {
      PATH: process.env['PATH'],
      HOME: this.folder,
      HANAPER_DB: this.database,
      HANAPER_PASSPHRASE_FILE: passphraseFile,
    };
    this.hanaper('init', '--org', 'acme', '--security', 'balanced');
  }

  /** Runs the executable, and returns how many milliseconds it took. */
  hanaper(...args: readonly string[]): number {
    return run(process.execPath, [executable, ...args], this.environment);
  }

  /** The peak memory of one run of the executable, in MiB. */
  peakMemoryOf(...args: readonly string[]): number {
    const file = join(this.folder, 'peak');
    const environment = { ...this.environment, PEAK_MEMORY_FILE: file };
    run(process.execPath, ['--require', peakMemory, executable, ...args], environment);
    return Number(readFileSync(file, 'latin1')) / 1024;
  }

  /** Makes a random file of so many bytes. */
  createFile(name: string, length: number): string {
    const path = join(this.folder, name);
    const block = randomFillSync(Buffer.alloc(Math.min(length, blockLength)));
    const descriptor = openSync(path, 'w');
    for (let written = 0; written < length; written += block.length) {
      writeSync(descriptor, block, 0, Math.min(block.length, length - written));
    }
    closeSync(descriptor);
    return path;
  }

  /** The same, signed by a trusted key. */
  createPackage(name: string, length: number): string {
    const path = this.createFile(name, length);
    this.hanaper('key', 'create', 'release');
    this.hanaper('package', 'sign', path, '--key', 'release');
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
