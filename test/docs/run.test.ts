import { globSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fileNameOf, leftToIntegration } from './page-script.ts';
import { readBlocks, readPage, root } from './pages.ts';
import { runPage } from './run-page.ts';

// The page about PostgreSQL is run with the tests on engines.
const pages = ['README.md', ...globSync('docs/guides/*.md', { cwd: root }).toSorted()];
const pagesHere = pages.filter((page) => page !== 'docs/guides/postgresql.md');

describe.concurrent('every command does what it says, of', () => {
  test.each(pagesHere)('%s', async (page) => {
    await runPage(readBlocks(page));
  });
});

test.each(pages)('every block of %s is of a language that is run, checked or plain', (page) => {
  const known = ['sh', 'console', 'js', 'ts', 'json', 'sql', 'text', 'ini'];
  for (const { language, line } of readBlocks(page)) expect(known, `${page}:${line}`).toContain(language);
});

test('a program of a page is run by a command of that page', () => {
  for (const block of pages.flatMap(readBlocks)) {
    const name = fileNameOf(block);
    if (name === undefined) continue;
    const commands = readBlocks(block.page).filter(({ language }) => language === 'sh' || language === 'console');
    const text = commands.flatMap(({ lines }) => lines).join('\n');
    expect(text, `${block.page}:${block.line}`).toContain(name);
  }
});

test('what is left to integration is what README.md shows', () => {
  for (const command of leftToIntegration) expect(readPage('README.md')).toContain(command);
});
