import { expect, test } from 'vitest';
import { commands } from '../../src/authority/commands/list.ts';
import { createOpenApi } from '../../src/http/index.ts';
import { statuses } from '../../src/http/request/statuses.ts';
import { readPage, readTable } from './pages.ts';

const page = 'docs/formats/http.md';

test('the page about HTTP lists the status of every code', () => {
  const listed = readTable(page, '## Problems').flatMap(([status, codes = '']) =>
    codes.split(', ').map((code) => [code, Number(status)] as const),
  );
  expect(Object.fromEntries(listed)).toEqual(statuses);
});

test('the page about HTTP has every route that is no command', () => {
  const routes = Object.keys(createOpenApi().paths).filter(
    (path) => !commands.some(({ route }) => route.path === path),
  );
  expect(routes.length).toBeGreaterThan(5);
  for (const path of routes) expect(readPage(page)).toContain(path);
});
