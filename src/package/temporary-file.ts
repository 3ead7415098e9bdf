import { dirname, join } from 'node:path';
import { encodeHex } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';

/** A new path in the folder of a file, for what becomes that file once it is whole. A process that is killed leaves it behind. */
export function temporaryPathFor(path: string): string {
  // The name is short: the file's own may be as long as a name can be.
  return join(dirname(path), `.hanaper-${encodeHex(randomBytes(16))}.tmp`);
}

/** Whether a name is one that {@link temporaryPathFor} gives. */
export function isTemporaryName(name: string): boolean {
  return /^\.hanaper-[0-9a-f]{32}\.tmp$/.test(name);
}
