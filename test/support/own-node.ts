/** The machine's own Node and npm, with which a newcomer starts, and not those that this project brings along. */
import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { root } from '../docs/pages.ts';

/** How a program ended, and what it said. */
export interface Ended {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a program is run: by default the project, with the home folder and so the npm cache of who runs the tests. */
interface Place {
  readonly cwd?: string;
  readonly home?: string;
  /** Folders before those of the machine's own path. */
  readonly path?: readonly string[];
}

const ownPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('/node_modules/'));

/** Runs a program with nothing in its environment that npm or the tests have set. */
export function runAsNewcomer(
  [program = '', ...args]: readonly string[],
  { cwd = root, home = process.env['HOME'] ?? '', path = [] }: Place = {},
): Promise<Ended> {
  const env = { HOME: home, LANG: 'C.UTF-8', PATH: [...path, ...ownPath].join(delimiter) };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env, encoding: 'utf8', timeout: 600_000 }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? 'unknown'), stdout, stderr }),
    ).stdin?.end();
  });
}
