import { expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { type ErrorCode, errorCodes } from '../../src/errors.ts';
import { listPages, readPage, readTable } from './pages.ts';
import { findAll } from './source-text.ts';

const rows = readTable('docs/errors.md', '## Codes');

test('the codes are all there are, in their order', () => {
  expect(rows.map(([code]) => code)).toEqual(errorCodes);
});

test('each code has its exit status, a meaning and something to do', () => {
  for (const [code, status, meaning, advice] of rows) {
    expect(Number(status), code).toBe(exitCodes[code as ErrorCode]);
    expect(meaning, code).toMatch(/\.$/);
    expect(advice, code).toMatch(/\.$/);
  }
});

test('the exit statuses are all there are', () => {
  const statuses = readTable('docs/errors.md', '## Exit status').map(([status]) => Number(status));
  expect(statuses).toEqual([...new Set([0, ...Object.values(exitCodes), 129, 130, 143])].toSorted((a, b) => a - b));
});

test('what follows "exits" in any document is a status and a code that belong together', () => {
  const found = listPages().flatMap((page) => findAll(readPage(page), /^(?!.*\bcurl\b).*# exits \d+: [a-z_]+/gm));
  expect(found.length).toBeGreaterThan(0);
  for (const each of found) {
    const [, status, code] = /(\d+): ([a-z_]+)/.exec(each) ?? [];
    expect(exitCodes[code as ErrorCode], each).toBe(Number(status));
  }
});
