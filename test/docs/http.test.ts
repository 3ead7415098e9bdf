import { expect, test } from 'vitest';
import { statuses } from '../../src/http/statuses.ts';
import { readTable } from './pages.ts';

test('the page about HTTP lists the status of every code', () => {
  const listed = readTable('docs/formats/http.md', '## Problems').flatMap(([status, codes = '']) =>
    codes.split(', ').map((code) => [code, Number(status)] as const),
  );
  expect(Object.fromEntries(listed)).toEqual(statuses);
});
