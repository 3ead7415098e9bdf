import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Block, listPages, readBlocks, root } from './pages.ts';

const blocks = listPages().flatMap(readBlocks);
const folder = mkdtempSync(join(tmpdir(), 'hanaper-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules/hanaper'), 'dir');
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');

const options = {
  target: 'ESNext',
  lib: ['ESNext'],
  module: 'NodeNext',
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  skipLibCheck: true,
  noEmit: true,
};

// As somebody has them who installed the package.
function findTypeErrors(language: 'ts' | 'js', files: Readonly<Record<string, string>>): string {
  const own =
    language === 'ts'
      ? { strict: true, allowImportingTsExtensions: true }
      : { allowJs: true, checkJs: true, strict: false };
  const project = join(folder, language);
  mkdirSync(project, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  const config = { compilerOptions: { ...options, ...own }, files: Object.keys(files) };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' }).stdout;
}

function nameOf({ page, line }: Block, language: string): string {
  return `${page.replaceAll(/[^a-z0-9]+/gi, '-')}-${line}.${language}`;
}

describe.each(['ts', 'js'] as const)('code in %s', (language) => {
  const own = blocks.filter((block) => block.language === language);

  test('compiles against the package, in every document', () => {
    const files = Object.fromEntries(own.map((block) => [nameOf(block, language), `${block.lines.join('\n')}\n`]));
    expect(own.length).toBeGreaterThan(0);
    expect(findTypeErrors(language, files)).toBe('');
  });

  test('that names what the package does not export is found', () => {
    const text = "import { nobody } from 'hanaper';\nnobody();\n";
    expect(findTypeErrors(language, { [`wrong.${language}`]: text })).toContain('nobody');
  });
});

test.each(
  blocks.filter(({ language }) => language === 'json').map((block) => [`${block.page}:${block.line}`, block] as const),
)('the JSON of %s is JSON', (_, { lines }) => {
  expect(() => JSON.parse(lines.join('\n'))).not.toThrow();
});
