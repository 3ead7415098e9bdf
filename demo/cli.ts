import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quote, say } from './tell.ts';
import type { Workshop } from './workshop.ts';

/** The real executable, run as a person would. */
export interface Cli {
  /** Runs a command that must succeed, shows what it prints, and returns it. */
  run(args: readonly string[]): string;
  /** Runs a command that must be refused with exactly this code. */
  refuses(code: string, args: readonly string[]): void;
}

const executable = fileURLToPath(new URL('../bin/hanaper.cjs', import.meta.url));

/** Makes the command line of a workshop. */
export function createCli({ folder, environment }: Workshop): Cli {
  const execute = (args: readonly string[]) =>
    spawnSync(process.execPath, [executable, ...args], { env: environment, encoding: 'utf8' });
  const show = (args: readonly string[]) => {
    say(`\n  $ hanaper ${args.map((arg) => (arg.startsWith(folder) ? basename(arg) : arg)).join(' ')}`);
  };
  return {
    run(args) {
      show(args);
      const { status, stdout, stderr } = execute(args);
      quote(stdout + stderr);
      if (status !== 0) throw new Error(`expected success, got exit status ${status}`);
      return stdout;
    },
    refuses(code, args) {
      show(args);
      const { status, stdout } = execute([...args, '--json']);
      const { error } = JSON.parse(stdout) as { error?: { code: string; message: string } };
      if (status === 0 || error?.code !== code) throw new Error(`expected ${code}, got ${error?.code ?? 'success'}`);
      quote(`refused: ${error.message} (${error.code}, exit status ${status})`);
    },
  };
}
