import { expect, test } from 'vitest';
import { eventNames } from '../../src/events.ts';
import { readTable } from './pages.ts';

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

test('those that tell of a refusal, and no others, have a reason', () => {
  for (const [name = '', , details] of rows) {
    expect(/\breason$/.test(details ?? ''), name).toBe(/fail(ed|ure)$/.test(name));
  }
});
