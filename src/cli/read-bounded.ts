import { HanaperError, systemCodeOf } from '../errors.ts';
import { type Input, readInput } from '../read-input.ts';
import type { SecretBytes } from '../secret-bytes.ts';

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
export async function readBounded(path: string, most: number): Promise<BoundedFile> {
  const { bytes, status } = await tryToRead(path, most);
  if (bytes.length > most) {
    bytes.fill(0);
    throw new HanaperError('bad_input', `${path} is larger than ${most} bytes.`, { path });
  }
  return { bytes, exposed: status.isFile() && (status.mode & othersMayRead) !== 0 };
}

async function tryToRead(path: string, most: number): Promise<Input> {
  try {
    return await readInput(path, most);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    const what = reason === 'ENOENT' ? 'does not exist' : `cannot be read (${reason})`;
    throw new HanaperError('bad_input', `${path} ${what}.`, { path, reason }, cause);
  }
}
