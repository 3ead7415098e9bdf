import { chmodSync, copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { limits } from '../../ucan/limits.ts';
import { companions, describeFileState, lengthOf } from '../engine/file-state.ts';

const table = 'ucan_tokens';
const column = 'raw_token';
const maxRows = 1_000_000;

/**
 * Reads the tokens of old versions that another program keeps in a SQLite file: column `raw_token` of table
 * `ucan_tokens`, one at a time. The source is opened as immutable, so that neither it nor anything beside it is written,
 * not even a lock; where changes lie beside it that are not yet in it, a copy is read, which is deleted afterwards.
 * A value beyond the bounds of a token is cut just past them, and so is no token.
 *
 * @throws HanaperError `bad_input` for a file that is damaged or has no such table, `too_large` above 1,000,000 rows,
 *   `unavailable` where the source changed meanwhile
 */
export function* readLegacyRows(path: string): Generator<string> {
  try {
    const source = realpathSync(path);
    yield* companions.some((suffix) => lengthOf(source + suffix) > 0) ? readCopy(source) : readImmutable(source);
  } catch (error) {
    throw translate(error, path);
  }
}

function* readImmutable(source: string): Generator<string> {
  const location = pathToFileURL(source);
  location.search = '?mode=ro&immutable=1';
  const before = describeFileState(source);
  yield* readTable(location, source);
  requireState(source, before);
}

function* readCopy(source: string): Generator<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hanaper-legacy-'));
  try {
    const before = describeFileState(source);
    for (const suffix of ['', ...companions]) copyIfAny(source + suffix, join(folder, `copy.db${suffix}`));
    // A copy that was torn would look like damage, or worse, like none.
    requireState(source, before);
    yield* readTable(join(folder, 'copy.db'), source);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyIfAny(from: string, to: string): void {
  if (lengthOf(from) === 0) return;
  copyFileSync(from, to);
  chmodSync(to, 0o600);
}

function* readTable(location: string | URL, path: string): Generator<string> {
  const file = new DatabaseSync(location, {
    readOnly: location instanceof URL,
    defensive: true,
    enableDoubleQuotedStringLiterals: false,
  });
  try {
    file.exec('PRAGMA trusted_schema = OFF');
    requireTable(file, path);
    const rows = file.prepare(`select coalesce(substr(cast(${column} as text), 1, ?), '') as token from ${table}`);
    for (const { token } of rows.iterate(limits.tokenBytes + 1)) yield String(token);
  } finally {
    file.close();
  }
}

// A view, a virtual table or a generated column could compute for ever.
function requireTable(file: DatabaseSync, path: string): void {
  const found = file
    .prepare(
      `select 1 from pragma_table_list as tables join pragma_table_xinfo('${table}') as columns
       where tables.schema = 'main' and tables.name = '${table}' and tables.type = 'table'
       and columns.name = '${column}' and columns.hidden = 0`,
    )
    .get();
  if (found === undefined) {
    throw new HanaperError('bad_input', `${path} is a SQLite file without a table ${table} that has ${column}.`, {
      path,
      reason: 'no such table',
    });
  }
  const { count } = {
    ...file.prepare(`select count(*) as count from (select 1 from ${table} limit ?)`).get(maxRows + 1),
  };
  if (Number(count) <= maxRows) return;
  throw new HanaperError('too_large', `${path} has more than ${maxRows} tokens.`, { path, most: maxRows });
}

function requireState(source: string, before: string): void {
  if (describeFileState(source) === before) return;
  throw new HanaperError('unavailable', `${source} was written meanwhile. End the program that uses it first.`, {
    path: source,
  });
}

function translate(error: unknown, path: string): unknown {
  if (error instanceof HanaperError) return error;
  const code = systemCodeOf(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const reason = code === 'ERR_SQLITE_ERROR' ? error.message : code;
  return new HanaperError('bad_input', `${path} cannot be read (${reason}).`, { path, reason }, error);
}
