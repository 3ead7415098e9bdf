import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeHex, encodeUtf8 } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';

/**
 * Writes a file whole or not at all: beside its place, flushed, then renamed over it.
 *
 * @throws HanaperError `bad_input` where the place cannot be written
 */
export function writeFileBeside(path: string, content: string | Uint8Array, mode: number): void {
  // Its name is short: the file's own may be as long as a name can be.
  const beside = join(dirname(path), `.${encodeHex(randomBytes(6))}.tmp`);
  try {
    writeWhole(beside, typeof content === 'string' ? encodeUtf8(content) : content, mode);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    const reason = systemCodeOf(cause) ?? 'unwritable';
    throw new HanaperError('bad_input', `${path} cannot be written (${reason}).`, { path, reason }, cause);
  }
}

function writeWhole(path: string, content: Uint8Array, mode: number): void {
  const descriptor = openSync(path, 'wx', mode);
  try {
    let written = 0;
    while (written < content.length) written += writeSync(descriptor, content, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
