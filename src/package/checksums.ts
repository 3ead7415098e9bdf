import { HanaperError } from '../errors.ts';
import { readRegularFile } from '../read-file.ts';

/** One line of a list of checksums. */
export interface Checksum {
  /** SHA-256: 64 lower-case hex characters. */
  readonly hash: string;
  /** Path of the file, relative to the folder of the list, without `.` or `..` in it. */
  readonly path: string;
}

/** Bytes of the largest list of checksums. */
const maxLength = 4 * 1024 * 1024;
// The two markers of sha256sum: text and binary, which are the same on Linux.
const line = /^([0-9a-f]{64}) [ *](.+)$/;

/**
 * Reads a list of checksums as `sha256sum` writes it. The format is strict: each line has 64 lower-case hex characters, a
 * space, a space or an asterisk, and a path that stays below the folder of the list; no path stands there twice.
 *
 * @throws HanaperError `bad_input`, `too_large`
 */
export function readChecksums(path: string): readonly Checksum[] {
  const bytes = readRegularFile(path, maxLength, unreadable);
  if (bytes === undefined) throw unreadable(path, 'ENOENT');
  if (bytes.length > maxLength) {
    throw new HanaperError('too_large', `${path} is longer than ${maxLength} bytes.`, { path, bytes: maxLength });
  }
  const lines = decode(path, bytes).replace(/\n$/, '').split('\n');
  const checksums = lines.map(
    (text, index) => parseLine(text) ?? refuse(path, index, 'is not one that sha256sum writes'),
  );
  const seen = new Set<string>();
  for (const [index, checksum] of checksums.entries()) {
    if (seen.has(checksum.path)) refuse(path, index, 'names a file that an earlier line names');
    seen.add(checksum.path);
  }
  return checksums;
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(path, 'not UTF-8', cause);
  }
}

function parseLine(text: string): Checksum | undefined {
  const [, hash, written = ''] = line.exec(text) ?? [];
  // What `find` and a shell hand to sha256sum begins so.
  const path = written.startsWith('./') ? written.slice(2) : written;
  return hash === undefined || !isBelow(path) ? undefined : { hash, path };
}

function isBelow(path: string): boolean {
  return [...path].every(isPlain) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

// sha256sum marks a name with control characters or backslashes by an escape, which is not taken here.
function isPlain(character: string): boolean {
  return character >= ' ' && character !== '\u007f' && character !== '\\';
}

function refuse(path: string, index: number, why: string): never {
  throw new HanaperError(
    'bad_input',
    `Line ${index + 1} of ${path} ${why}: 64 lower-case hex characters, a space, a space or "*", and a path below the folder of the list. Make the list anew: sha256sum FILE… > SHA256SUMS`,
    { path, line: index + 1 },
  );
}

function unreadable(path: string, reason: string, cause?: unknown): HanaperError {
  const why = reason === 'ENOENT' ? 'does not exist' : `cannot be read (${reason})`;
  return new HanaperError('bad_input', `The list of checksums ${path} ${why}.`, { path, reason }, cause);
}
