import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ErrorCode, errorCodes, HanaperError } from '../../src/errors.ts';
import type { RequestLog } from '../../src/http/app.ts';
import { BoundedLog } from '../../src/http/bounded-log.ts';
import { openJsonLog, openTerminalLog, type ServerLog } from '../../src/http/server-log.ts';
import { statuses } from '../../src/http/statuses.ts';
import { createTempFolder } from '../support/engines.ts';

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
