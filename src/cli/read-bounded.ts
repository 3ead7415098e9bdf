import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { allocateSecret, copySecret, type SecretBytes } from '../secret-bytes.ts';

const othersMayRead = 0o044;

/** What a file held, and whether others than its owner may read it. */
export interface BoundedFile {
  readonly bytes: SecretBytes;
  readonly exposed: boolean;
}

/**
 * Reads a file, or standard input (`-`), that has at most so many bytes; nothing of it stays elsewhere in memory.
 *
 * @throws HanaperError `bad_input` where it cannot be read, or is larger
 */
export function readBounded(path: string, most: number): BoundedFile {
  let descriptor = 0;
  try {
    if (path !== '-') descriptor = openSync(path, 'r');
    const status = fstatSync(descriptor);
    const exposed = status.isFile() && (status.mode & othersMayRead) !== 0;
    return { bytes: readAll(descriptor, path, most), exposed };
  } catch (error) {
    throw error instanceof HanaperError ? error : unreadable(path, error);
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

function readAll(descriptor: number, path: string, most: number): SecretBytes {
  const buffer = allocateSecret(most + 1);
  try {
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null);
      if (read === 0) return copySecret(buffer.subarray(0, length));
      length += read;
    }
    throw new HanaperError('bad_input', `${path} is larger than ${most} bytes.`, { path });
  } finally {
    buffer.fill(0);
  }
}

function unreadable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unreadable';
  return new HanaperError('bad_input', `${path} cannot be read (${reason}).`, { path, reason }, cause);
}
