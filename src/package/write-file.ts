import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeHex, encodeUtf8 } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { unwritable } from './unwritable.ts';

/**
 * Finds out early whether a file can be written at a place.
 *
 * @throws HanaperError `bad_input` where its folder cannot be written
 */
export function requireWritableFolder(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/**
 * Writes a file whole or not at all: beside its place, flushed, then renamed over it.
 *
 * @throws HanaperError `bad_input` where the place cannot be written, `unavailable` where the disk is full or fails
 */
export function writeFileBeside(path: string, content: string | Uint8Array, mode: number): void {
  requireReplaceable(path);
  // Its name is short: the file's own may be as long as a name can be.
  const beside = join(dirname(path), `.${encodeHex(randomBytes(6))}.tmp`);
  try {
    writeWhole(beside, typeof content === 'string' ? encodeUtf8(content) : content, mode);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw unwritable(path, cause);
  }
}

/**
 * Writes a file that is not there yet: whatever stands at its place, or comes there meanwhile, stays.
 *
 * @throws HanaperError `already_exists`, `bad_input` where the place cannot be written, `unavailable` where the disk is full
 * or fails
 */
export function createFile(path: string, content: Uint8Array, mode: number): void {
  try {
    writeWhole(path, content, mode);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EEXIST') throw unwritable(path, cause);
    throw new HanaperError('already_exists', `${path} is there already. Name another file with --output.`, {
      kind: 'file',
      path,
    });
  }
}

// A pipe, a device or a link would be replaced by a file.
function requireReplaceable(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined || status.isFile()) return;
  throw new HanaperError('bad_input', `${path} is no regular file, and is not replaced by one.`, {
    path,
    reason: 'not a regular file',
  });
}

function writeWhole(path: string, content: Uint8Array, mode: number): void {
  const descriptor = openSync(path, 'wx', mode);
  try {
    let written = 0;
    while (written < content.length) written += writeSync(descriptor, content, written);
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
