import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** Runs a program that must succeed, without its output, and returns how many milliseconds it took. */
export function run(program: string, args: readonly string[], environment = process.env, stdin?: string): number {
  const descriptor = stdin === undefined ? undefined : openSync(stdin, 'r');
  try {
    const startedAt = performance.now();
    const { status, error } = spawnSync(program, args, {
      env: environment,
      stdio: [descriptor ?? 'ignore', 'ignore', 'ignore'],
    });
    const time = performance.now() - startedAt;
    if (error) throw error;
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with status ${status}`);
    return time;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Whether a program is installed. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}
