import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { maxLegacyBytes } from '../authority/commands/import-legacy.ts';
import { readLegacySource } from '../authority/commands/read-legacy-source.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';

const maxBytes = 64 * 1024 * 1024;
const maxTokens = 1_000_000;
// What one import takes.
const batchTokens = 1000;
const sqliteHead = 'SQLite format 3\0';
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Reads a file of tokens of UCAN 0.8 to 0.10, in batches that one import takes each; a token that is too large for
 * any is alone. What it is shows in its content: one token, one token a line, a JSON array of tokens, or a SQLite
 * file with a table `ucan_tokens` that has `raw_token`. Tokens are passed on unchanged; blank lines are skipped.
 *
 * @throws HanaperError `bad_input` if it has another form or cannot be read, `too_large` above 64 MiB of text or
 *   1,000,000 tokens, `unavailable` where a SQLite file changes meanwhile; all of them while the batches are taken
 */
export function* readLegacyFile(path: string): Generator<readonly string[]> {
  const text = readText(path);
  let batch: string[] = [];
  let bytes = 0;
  for (const token of text === undefined ? readLegacySource(path) : tokensIn(text, path)) {
    const { length } = encodeUtf8(token);
    if (batch.length === batchTokens || (batch.length > 0 && bytes + length > maxLegacyBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(token);
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}

function tokensIn(text: string, path: string): readonly string[] {
  const tokens = text.startsWith('[') ? parseArray(text) : splitLines(text);
  if (tokens === undefined) throw unknownForm(path);
  if (tokens.length <= maxTokens) return tokens;
  throw tooLarge(path, `${maxTokens} tokens`, maxTokens);
}

function parseArray(text: string): readonly string[] | undefined {
  try {
    const items: unknown = JSON.parse(text);
    return Array.isArray(items) && items.every((item) => typeof item === 'string') ? items : undefined;
  } catch {
    // The parser's own message would quote the file.
    return undefined;
  }
}

function splitLines(text: string): readonly string[] | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.some((line) => jwt.test(line)) ? lines.filter((line) => line !== '') : undefined;
}

/** The text of a file; nothing where it is a SQLite file. */
function readText(path: string): string | undefined {
  const descriptor = open(path);
  try {
    const head = readUpTo(descriptor, sqliteHead.length);
    if (decodeUtf8(head) === sqliteHead) return undefined;
    const rest = readUpTo(descriptor, maxBytes + 1 - head.length);
    if (head.length + rest.length > maxBytes) throw tooLarge(path, `${maxBytes} bytes`, maxBytes);
    const text = decodeUtf8(Buffer.concat([head, rest]));
    if (text !== undefined) return text.trim();
  } catch (error) {
    throw error instanceof HanaperError ? error : unreadable(path, systemCodeOf(error) ?? 'unreadable', error);
  } finally {
    closeSync(descriptor);
  }
  throw unknownForm(path);
}

function open(path: string): number {
  let descriptor: number | undefined;
  try {
    // A pipe that nobody writes to would hold us.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(descriptor).isFile()) return descriptor;
  } catch (cause) {
    throw unreadable(path, systemCodeOf(cause) ?? 'unreadable', cause);
  }
  closeSync(descriptor);
  throw unreadable(path, 'not a regular file');
}

function readUpTo(descriptor: number, most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = most;
  while (left > 0) {
    const part = Buffer.alloc(Math.min(left, 1024 * 1024));
    const length = readSync(descriptor, part, 0, part.length, null);
    if (length === 0) break;
    parts.push(part.subarray(0, length));
    left -= length;
  }
  return Buffer.concat(parts);
}

function unknownForm(path: string): HanaperError {
  return new HanaperError(
    'bad_input',
    `${path} holds no old tokens: it must be one JWT, one JWT a line, a JSON array of them, or a SQLite file with a ` +
      'table ucan_tokens.',
    { path, reason: 'not a file of tokens' },
  );
}

function tooLarge(path: string, bound: string, most: number): HanaperError {
  return new HanaperError('too_large', `${path} holds more than ${bound}. Divide it.`, { path, most });
}

function unreadable(path: string, reason: string, cause?: unknown): HanaperError {
  return new HanaperError('bad_input', `${path} cannot be read (${reason}).`, { path, reason }, cause);
}
