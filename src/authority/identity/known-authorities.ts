import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { decodeUtf8, encodeUtf8 } from '../../bytes.ts';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { makeFolderOf } from '../../make-folder.ts';
import { readRegularFile } from '../../read-file.ts';
import { isFull } from '../../unwritable.ts';

/** Remembers outside of each database whose it is, so that a database that was exchanged is noticed. */
export interface KnownAuthorities {
  /** The DID pinned for a database. */
  find(database: string): string | undefined;
  /** Pins a DID; it replaces an earlier one. */
  remember(database: string, did: string): void;
}

/** Where pins are kept in a file: one JSON line each, the last for a database counts. */
export function knownAuthoritiesFile(path: string): KnownAuthorities {
  return {
    find: (database) => readPins(path).findLast((pin) => pin.database === database)?.authority,
    remember: (database, authority) => {
      try {
        makeFolderOf(path);
        append(path, encodeUtf8(`${JSON.stringify({ database, authority })}\n`));
      } catch (cause) {
        throw unusable(path, 'written', systemCodeOf(cause) ?? 'unwritable', cause);
      }
    },
  };
}

// Only its form: a pin is compared with a DID that was derived from a checked key, and a file may hold many.
const didForm = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/;

const maxBytes = 16 * 1024 * 1024;

interface Pin {
  readonly database: string;
  readonly authority: string;
}

function readPins(path: string): readonly Pin[] {
  const lines = readLines(path);
  return lines.map((line, index) => parsePin(line) ?? damaged(path, index + 1));
}

function readLines(path: string): readonly string[] {
  const refuse = (_: string, reason: string, cause?: unknown) => unusable(path, 'read', reason, cause);
  const bytes = readRegularFile(path, maxBytes, refuse) ?? new Uint8Array(0);
  if (bytes.length > maxBytes) throw unusable(path, 'read', 'too large');
  const text = decodeUtf8(bytes);
  if (text === undefined) throw unusable(path, 'read', 'not UTF-8');
  return text.split('\n').filter((line) => line !== '');
}

// Half a line, on a disk that is full, would damage the file for good.
function append(path: string, line: Uint8Array): void {
  const descriptor = openSync(path, 'a', 0o600);
  try {
    const { size } = fstatSync(descriptor);
    if (writeSync(descriptor, line) === line.length) return;
    ftruncateSync(descriptor, size);
    throw Object.assign(new Error('cut short'), { code: 'ENOSPC' });
  } finally {
    closeSync(descriptor);
  }
}

function unusable(path: string, how: 'read' | 'written', reason: string, cause?: unknown): HanaperError {
  const next = isFull(reason) ? 'Make room there' : 'Put that right';
  const message = `${path}, which holds the known authorities, cannot be ${how} (${reason}). ${next}, or name another state folder with XDG_STATE_HOME.`;
  return new HanaperError(isFull(reason) ? 'unavailable' : 'bad_config', message, { path, reason }, cause);
}

function parsePin(line: string): Pin | undefined {
  try {
    const pin: unknown = JSON.parse(line);
    return isPin(pin) ? pin : undefined;
  } catch {
    return undefined;
  }
}

function isPin(value: unknown): value is Pin {
  if (typeof value !== 'object' || value === null) return false;
  const { database, authority } = value as Partial<Pin>;
  return typeof database === 'string' && typeof authority === 'string' && didForm.test(authority);
}

function damaged(path: string, line: number): never {
  throw new HanaperError('bad_config', `Line ${line} of ${path} is not a known authority. Remove that line.`, {
    path,
    line,
    remedy: 'accept_authority',
  });
}
