import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCodeOf } from './errors.ts';

/**
 * Makes the folder of a file, and those above it, each its owner's alone (0700), where they are not there. One at a time:
 * the platform's own recursion never ends where a folder takes no others, as in /proc.
 */
export function makeFolderOf(path: string): void {
  const folder = dirname(path);
  if (existsSync(folder)) return;
  makeFolderOf(folder);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Somebody else has just made it.
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
}
