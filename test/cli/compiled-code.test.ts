import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/fixtures.ts';

const executable = fileURLToPath(new URL('../../bin/hanaper.cjs', import.meta.url));
const runner = fileURLToPath(new URL('../../bin/run-compiled.cjs', import.meta.url));
const digestLength = 32;

class Runs {
  readonly home: string = temporaryFolder();
  readonly folder: string = join(this.home, 'hanaper', 'compile-cache');

  run(...args: readonly string[]) {
    const env = { PATH: process.env['PATH'], HOME: this.home, XDG_CACHE_HOME: this.home };
    return spawnSync(process.execPath, [executable, ...args], { encoding: 'utf8', env });
  }

  /** The files of compiled code that are kept. */
  get kept(): readonly string[] {
    return readdirSync(this.folder).filter((name) => name.startsWith('main'));
  }

  /** How many runs have added to a file. */
  writesOf(name: string): number | undefined {
    return readFileSync(join(this.folder, name))[digestLength];
  }
}

/** Runs a module that way, which prints what it says; returns what was printed. */
function runModule(folder: string, path: string): string {
  const script = `require(${JSON.stringify(runner)}).runCompiled(process.argv[1], process.argv[2])`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script, '--', path, folder], { encoding: 'utf8' });
  return stdout + stderr;
}

describe('what a command has compiled', () => {
  test('is kept for its next start, by the first runs of each command', () => {
    const runs = new Runs();
    for (const writes of [1, 2, 3, 3]) {
      expect(runs.run('completion', 'bash').status).toBe(0);
      expect(runs.writesOf('main-completion-bash.code')).toBe(writes);
    }
    expect(runs.run('--version').status).toBe(0);
    expect(runs.kept.toSorted()).toEqual(['main-completion-bash.code', 'main.code']);
    for (const name of runs.kept) expect(statSync(join(runs.folder, name)).mode & 0o777).toBe(0o600);
  });

  test('is not kept of a command that fails: there are no more files than commands', () => {
    const runs = new Runs();
    for (const args of [
      ['nonsense', 'verb'],
      ['org', 'nonsense'],
      ['completion', 'nonsense'],
    ]) {
      expect(runs.run(...args).status).not.toBe(0);
    }
    expect(runs.kept).toEqual([]);
  });

  test.each([
    ['altered', (bytes: Buffer) => bytes.fill(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['emptied', () => Buffer.alloc(0)],
    ['without its code', (bytes: Buffer) => bytes.subarray(0, digestLength)],
  ])('is made anew where the file was %s', (_, change) => {
    const runs = new Runs();
    const { stdout } = runs.run('--help');
    const file = join(runs.folder, 'main.code');
    runs.run('--help');
    writeFileSync(file, change(readFileSync(file)));
    expect(runs.run('--help')).toMatchObject({ status: 0, stdout, stderr: '' });
    expect(runs.writesOf('main.code')).toBe(1);
  });

  test('is not run for another source of the same length', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'module.cjs');
    writeFileSync(path, "(() => console.log('one'))();");
    expect([runModule(folder, path), runModule(folder, path)]).toEqual(['one\n', 'one\n']);
    expect(existsSync(join(folder, 'main.code'))).toBe(true);
    writeFileSync(path, "(() => console.log('two'))();");
    expect(runModule(folder, path)).toBe('two\n');
  });

  test('is no concern where it cannot be written', () => {
    const runs = new Runs();
    runs.run('--version');
    mkdirSync(join(runs.folder, 'main-completion-bash.code'));
    expect(runs.run('completion', 'bash')).toMatchObject({ status: 0, stderr: '' });
    chmodSync(runs.folder, 0o500);
    expect(runs.run('completion', 'zsh')).toMatchObject({ status: 0, stderr: '' });
    chmodSync(runs.folder, 0o700);
    expect(readdirSync(runs.folder).filter((name) => /\.\d+$/.test(name))).toEqual([]);
  });
});
