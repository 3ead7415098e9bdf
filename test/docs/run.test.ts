import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { fileNameOf, leftToIntegration } from './page-script.ts';
import { listPages, readBlocks, readPage, root } from './pages.ts';
import { runPage } from './run-page.ts';
import { workflowFileOf } from './workflow.ts';

// The page about PostgreSQL is run with the tests on engines.
const pages = ['README.md', ...globSync('docs/guides/*.md', { cwd: root }).toSorted()];
const pagesHere = pages.filter((page) => page !== 'docs/guides/postgresql.md');

describe.concurrent('every command does what it says, of', () => {
  test.each(pagesHere)('%s', async (page) => {
    await runPage(readBlocks(page));
  });
});

test.each(pages)('every block of %s is of a language that is run, checked or plain', (page) => {
  const known = ['sh', 'console', 'js', 'ts', 'json', 'sql', 'text', 'ini', 'yaml'];
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

test('what is left to integration is what README.md and the guides show', () => {
  const text = pages.map(readPage).join('\n');
  for (const command of leftToIntegration) expect(text).toContain(command);
});

test.each(pages)('what is not run of %s is at least a script that bash can read', (page) => {
  for (const { language, lines, line, notRun } of readBlocks(page)) {
    if (!notRun || language !== 'sh') continue;
    const { stderr } = spawnSync('bash', ['-n'], { input: lines.join('\n'), encoding: 'utf8' });
    expect(stderr, `${page}:${line}`).toBe('');
  }
});

const yaml = listPages()
  .flatMap(readBlocks)
  .filter(({ language }) => language === 'yaml');

test.each(yaml.map((block) => [`${block.page}:${block.line}`, block] as const))(
  'the YAML of %s is YAML',
  (_, block) => {
    const { errors, warnings } = parseDocument(block.lines.join('\n'));
    expect([...errors, ...warnings]).toEqual([]);
  },
);

const workflows = yaml.filter((block) => workflowFileOf(block)?.startsWith('.github/'));

test.each(workflows.map((block) => [`${block.page}:${block.line}`, block] as const))(
  'the workflow of %s is one that GitHub takes',
  (_, block) => {
    expect(findMistakes(block.lines.join('\n'))).toEqual([]);
  },
);

test('a workflow with a member that GitHub does not know is found', () => {
  const text = 'on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    stairs: []\n    steps:\n      - run: "true"\n';
  expect(findMistakes(text)).toEqual([expect.stringContaining('stairs')]);
});

function findMistakes(workflow: string): unknown {
  const script = fileURLToPath(new URL('children/check-workflow.ts', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script], { input: workflow, encoding: 'utf8' });
  return stdout === '' ? stderr : JSON.parse(stdout);
}
