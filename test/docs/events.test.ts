import { expect, test } from 'vitest';
import { eventNames } from '../../src/events.ts';
import { readTable } from './pages.ts';
import { readAllSources } from './source-text.ts';

const rows = readTable('docs/formats/events.md', '## Names');

test('the events are all there are, in their order', () => {
  expect(rows.map(([name]) => name)).toEqual(eventNames);
});

test('each event says when it is told, and what with', () => {
  for (const [name, when, details] of rows) {
    expect(when, name).not.toBe('');
    expect(details, name).toMatch(/^[a-z]/);
  }
});

test('those that report a refusal, and no others, have a reason', () => {
  for (const [name = '', , details] of rows) {
    expect(/\breason$/.test(details ?? ''), name).toBe(/(fail(ed|ure)|unconfirmed|refused)$/.test(name));
  }
});

test('the details of what happens to tokens are those that are told', () => {
  const told = [...readAllSources().matchAll(/(?:emit|report)\('(ucan\.[a-z._]+)', \{ ([^}]+) \}/g)].map(
    ([, name = '', details = '']) => [name, details.split(', ').map((detail) => detail.replace(/:.*$/, ''))] as const,
  );
  expect(told.length).toBeGreaterThan(3);
  for (const [name, details] of told) {
    const [, , documented = ''] = rows.find(([each]) => each === name) ?? [];
    const names = documented.replaceAll(/\([^)]*\)/g, '').match(/\w+/g) ?? [];
    // Of an import it is numbers that are told, put together before.
    if (name !== 'ucan.legacy.imported') expect(names.toSorted(), name).toEqual(details.toSorted());
  }
});
