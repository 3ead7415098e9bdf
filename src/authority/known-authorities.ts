import { appendFileSync, readFileSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { makeFolderOf } from '../make-folder.ts';

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
        appendFileSync(path, `${JSON.stringify({ database, authority })}\n`, { mode: 0o600 });
      } catch (cause) {
        throw unusable(path, 'written', cause);
      }
    },
  };
}

// Only its form: a pin is compared with a DID that was derived from a checked key, and a file may hold many.
const didForm = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/;

interface Pin {
  readonly database: string;
  readonly authority: string;
}

function readPins(path: string): readonly Pin[] {
  const lines = readLines(path);
  return lines.map((line, index) => parsePin(line) ?? damaged(path, index + 1));
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    throw unusable(path, 'read', cause);
  }
}

function unusable(path: string, how: 'read' | 'written', cause: unknown): HanaperError {
  const message = `${path}, which holds the known authorities, cannot be ${how}.`;
  return new HanaperError('bad_config', message, { path }, cause);
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
  throw new HanaperError(
    'bad_config',
    `Line ${line} of ${path} is not a known authority. Remove that line, or give --authority DID.`,
    { path, line },
  );
}
