import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Secret } from '../crypto/secret.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';

const mostBytes = 64 * 1024;
const othersMayRead = 0o044;

/** What a secret file held, and whether others than its owner may read it. */
export interface SecretFile {
  readonly content: Secret;
  readonly exposed: boolean;
}

/**
 * Reads a small file with a secret, or standard input (`-`), into memory that is wiped.
 *
 * @throws HanaperError `bad_input` where it cannot be read, or is larger than 64 KiB
 */
export function readSecretFile(path: string): SecretFile {
  const descriptor = path === '-' ? 0 : openSecretFile(path);
  try {
    const status = fstatSync(descriptor);
    const exposed = status.isFile() && (status.mode & othersMayRead) !== 0;
    return { content: readAll(descriptor, path), exposed };
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

function openSecretFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function readAll(descriptor: number, path: string): Secret {
  const buffer = new Uint8Array(mostBytes + 1);
  try {
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null);
      if (read === 0) return Secret.copyOf(buffer.subarray(0, length));
      length += read;
    }
    throw new HanaperError('bad_input', `${path} is larger than ${mostBytes} bytes.`, { path });
  } catch (error) {
    throw error instanceof HanaperError ? error : unreadable(path, error);
  } finally {
    buffer.fill(0);
  }
}

function unreadable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unreadable';
  return new HanaperError('bad_input', `${path} cannot be read (${reason}).`, { path, reason }, cause);
}
