import { expect, test } from 'vitest';
import { commands } from '../../src/authority/commands/list.ts';
import { createOpenApi } from '../../src/http/openapi.ts';
import { readPage } from './pages.ts';

test('the description of the API has each command, by its route, and so has the page of the commands', () => {
  const { paths } = createOpenApi();
  const page = readPage('docs/commands.md');
  for (const { name, route } of commands) {
    expect(paths[route.path]?.[route.method.toLowerCase()]?.['description'], name).toContain(`\`${name}\``);
    expect(page).toContain(`\`${route.method} ${route.path}\``);
  }
});

test('every route of it that is no command stands on the page about HTTP', () => {
  const page = readPage('docs/formats/http.md');
  const routes = Object.keys(createOpenApi().paths).filter(
    (path) => !commands.some(({ route }) => route.path === path),
  );
  for (const path of routes) expect(page, path).toContain(path);
});
