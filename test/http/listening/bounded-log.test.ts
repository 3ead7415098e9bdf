import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BoundedLog } from '../../../src/http/listening/bounded-log.ts';
import { createTempFolder } from '../../support/engines.ts';

const line = `${'x'.repeat(999)}\n`;

function open(path: string, flags: number | string): number {
  const descriptor = openSync(path, flags);
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

/** A named pipe and both of its ends. */
async function openPipe(): Promise<{ readonly reader: number; readonly writer: number }> {
  const path = join(await createTempFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: open(path, 'w') };
}

function readAll(descriptor: number): string {
  const chunk = Buffer.alloc(2 ** 20);
  return chunk.toString('utf8', 0, readSync(descriptor, chunk));
}

test('lines are written in their order, at the latest when it is flushed', async () => {
  const path = join(await createTempFolder(), 'log');
  const log = new BoundedLog(open(path, 'w'));
  for (const word of ['one', 'two', 'three']) log.write(`${word}\n`);
  expect(readFileSync(path, 'utf8')).toBe('');
  log.flush();
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n');
});

test('what a full disk does not take is dropped, counted, and reported once', () => {
  const told: string[] = [];
  const log = new BoundedLog(open('/dev/full', 'w'), (code) => told.push(code));
  for (let turn = 0; turn < 3; turn++) {
    log.write(line);
    log.flush();
  }
  expect([log.dropped, told]).toEqual([3, ['ENOSPC']]);
});

test('a reader who stops reading holds nothing up, and is told later how much was lost', async () => {
  const { reader, writer } = await openPipe();
  const told: string[] = [];
  const log = new BoundedLog(writer, (code) => told.push(code));
  for (let count = 0; count < 5000; count++) log.write(line);
  expect(told).toEqual(['EAGAIN']);
  const { dropped } = log;
  expect(dropped).toBeGreaterThan(3000);
  let read = '';
  while (!read.includes('"dropped"')) {
    read += readAll(reader);
    log.flush();
  }
  const lines = read.trimEnd().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ level: 'warn', dropped });
  expect(lines.slice(0, -1).every((each) => `${each}\n` === line)).toBe(true);
  expect(lines.length - 1 + dropped).toBe(5000);
  expect(log.dropped).toBe(0);
});

test('a reader who went away holds nothing up', async () => {
  const path = join(await createTempFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const log = new BoundedLog(open(path, 'w'));
  closeSync(reader);
  for (let count = 0; count < 100; count++) log.write(line);
  log.flush();
  expect(log.dropped).toBe(100);
});
