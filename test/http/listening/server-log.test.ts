import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ErrorCode, errorCodes, HanaperError } from '../../../src/errors.ts';
import type { RequestLog } from '../../../src/http/listening/app.ts';
import { BoundedLog } from '../../../src/http/listening/bounded-log.ts';
import { openJsonLog, openTerminalLog, type ServerLog } from '../../../src/http/listening/server-log.ts';
import { statuses } from '../../../src/http/request/statuses.ts';
import { createTempFolder } from '../../support/engines.ts';

const faults = errorCodes.filter((code) => statuses[code] >= 500);
const refusals = errorCodes.filter((code) => statuses[code] < 500);

function entryOf(code: ErrorCode, error: unknown): RequestLog {
  return {
    id: 'an id',
    method: 'POST',
    path: '/api/invoke',
    status: statuses[code],
    milliseconds: 1.2345,
    code,
    error,
  };
}

function errorOf(code: ErrorCode): HanaperError {
  return new HanaperError(code, `It is ${code}.`, {}, new RangeError('the reason beneath'));
}

/** What a log in JSON writes. */
async function written(tell: (log: ServerLog) => void): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const path = join(await createTempFolder(), 'log');
  const descriptor = openSync(path, 'w');
  onTestFinished(() => closeSync(descriptor));
  const log = await openJsonLog(new BoundedLog(descriptor));
  tell(log);
  log.flush();
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

test.each(refusals)('a refusal is its code and its message, and no stack: %s', async (code) => {
  const [line] = await written((log) => log.request(entryOf(code, errorOf(code))));
  expect(line).toEqual({
    level: 'info',
    time: expect.any(String),
    id: 'an id',
    method: 'POST',
    path: '/api/invoke',
    status: statuses[code],
    milliseconds: 1.23,
    code,
    error: `It is ${code}.`,
    message: 'request',
  });
});

// Controls, C1, marks and overrides of direction, isolates, separators, a byte-order mark, and half of a pair.
const steering = '\x00\x1b\x7f\x85\x9f\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ud800';

test('what nobody can see never stands in a line as it is, and is read from it as it was', async () => {
  const written: string[] = [];
  const log = await openJsonLog({ write: (line) => void written.push(line), flush: () => undefined });
  const name = `a${steering}z`;
  const long = `${'long '.repeat(20)}${name}`;
  log.request({ ...entryOf('bad_input', new HanaperError('bad_input', long)), path: name });
  log.request(entryOf('internal', new TypeError(name)));
  log.event({ name: 'command.refused', time: 'now', reason: 'bad_input', details: { name, [name]: [long] } });
  log.note(name, { name });
  log.failure(name, new Error(long));
  const text = written.join('');
  expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\ufffd]/u);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatchObject({ path: name, error: long });
  expect(lines[2].details).toEqual({ name, [name]: [long] });
  expect(lines[3]).toMatchObject({ message: name, name });
});

test('nor in a line for a terminal', () => {
  const lines: string[] = [];
  const log = openTerminalLog({ write: (line) => void lines.push(line), flush: () => undefined });
  log.request({ ...entryOf('internal', new TypeError(steering)), path: steering });
  log.note(steering);
  log.failure(steering, new TypeError(steering));
  log.event({ name: 'command.refused', time: 'now', details: { command: steering } });
  expect(lines.join('')).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
});

test('internal and unavailable are among the faults', () => {
  expect(faults).toEqual(expect.arrayContaining(['internal', 'unavailable']));
});

test.each(faults)('a fault has its stack, and that of what caused it: %s', async (code) => {
  const [line] = await written((log) => log.request(entryOf(code, errorOf(code))));
  expect(line).toMatchObject({ level: 'error', code, status: statuses[code] });
  expect(line?.['error']).toMatch(
    /^\w*Error: It is [a-z_]+\.\n\s+at [\s\S]*\ncaused by RangeError: the reason beneath\n\s+at /,
  );
});

test('what is no error of ours has its stack too, and what was answered well has none', async () => {
  const [fault, well] = await written((log) => {
    log.request(entryOf('internal', new TypeError('a mistake')));
    const { code: _, error: __, ...entry } = entryOf('internal', undefined);
    log.request({ ...entry, status: 200 });
  });
  expect(fault?.['error']).toMatch(/^TypeError: a mistake\n\s+at /);
  expect(Object.keys(well ?? {})).not.toContain('error');
  expect(Object.keys(well ?? {})).not.toContain('code');
});

test('a person at a terminal sees the code of a refusal, and the stack of a fault', () => {
  let screen = '';
  const write = (line: string) => {
    screen += line;
  };
  const log = openTerminalLog({ write, flush: () => undefined });
  log.request(entryOf('weak_key', errorOf('weak_key')));
  expect(screen).toMatch(/^\d\d:\d\d:\d\d POST \/api\/invoke 400 1\.2 ms weak_key\n$/);
  log.request(entryOf('unavailable', errorOf('unavailable')));
  expect(screen).toMatch(/503 1\.2 ms unavailable\n[\d:]+ \w*Error: It is unavailable\.\n\s+at /);
});
