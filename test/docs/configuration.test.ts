import type { Argument, Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { readConfigFile } from '../../src/config-file.ts';
import { securityLevels } from '../../src/vault/costs.ts';
import { temporaryFile } from '../support/fixtures.ts';
import { readPage, readSection, readTable, readTexts } from './pages.ts';
import { findAll, readAllSources, readSource } from './source-text.ts';

const page = 'docs/configuration.md';
const program = createProgram({ json: false, out: () => undefined, error: () => undefined });

interface Documented {
  readonly heading: string;
  readonly flags: readonly string[];
}

function nameOf(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? name : `[${name}]`;
}

// A command that has commands below it does nothing of its own; the program itself has the flags of all.
function listCommands(command: Command, path: string): readonly Documented[] {
  const words = [path, ...command.registeredArguments.map(nameOf)];
  const heading = `### \`${words.join(' ')}\``;
  const flags = command.options.map(({ long }) => long ?? '').toSorted();
  const below = command.commands.flatMap((sub) => listCommands(sub, `${path} ${sub.name()}`));
  return below.length > 0 && path !== 'hanaper' ? below : [{ heading, flags }, ...below];
}

const commands = listCommands(program, 'hanaper');

describe('the flags of', () => {
  test.each(commands)('$heading are those that it takes', ({ heading, flags }) => {
    const everywhere = heading === '### `hanaper`' ? ['--help'] : [];
    const rows = /^\| flag \|/m.test(readSection(page, heading)) ? readTable(page, heading) : [];
    const documented = rows.flatMap(([cell = '']) => findAll(cell, /--[a-z-]+/g));
    expect(documented.toSorted()).toEqual([...flags, ...everywhere].toSorted());
  });
});

test('no command is documented that is not there', () => {
  const headings = readPage(page).match(/^### .+$/gm);
  expect(headings?.toSorted()).toEqual(commands.map(({ heading }) => heading).toSorted());
});

test('every flag that any document names is a flag', () => {
  const flags = [...new Set(commands.flatMap(({ flags: each }) => each)), '--help'];
  const formats = ['known-authorities', 'events', 'tokens', 'signed-bytes'].map((name) => `docs/formats/${name}.md`);
  const text = [page, 'SECURITY.md', 'docs/errors.md', 'docs/guides/delegation.md', ...formats]
    .map(readPage)
    .join('\n');
  expect(findAll(text, /(?<![\w-])--[a-z][a-z-]+/g).filter((flag) => !flags.includes(flag))).toEqual([]);
});

test('the environment variables are those that the sources read', () => {
  const own = /\b(HANAPER|XDG)_[A-Z_]*[A-Z]\b/g;
  const rows = readTable(page, '## Environment variables').map(([variable = '']) => variable);
  expect(rows.filter((variable) => variable.match(own)).toSorted()).toEqual(findAll(readAllSources(), own));
  expect(findAll(readPage(page), own)).toEqual(findAll(readAllSources(), own));
});

describe('the configuration file', () => {
  const [example = ''] = readTexts(page, 'json');

  test('that is shown is accepted', () => {
    expect(readConfigFile(temporaryFile('config.json', example))).toEqual(JSON.parse(example));
  });

  test('that is shown has every key there is', () => {
    const [declaration = ''] =
      /export interface ConfigFile \{[\s\S]*?\n\}/.exec(readSource('src/config-file.ts')) ?? [];
    const keys = [...declaration.matchAll(/readonly (\w+)\??:/g)].map(([, key = '']) => key);
    const shown: string[] = [];
    // Profiles have names of their own.
    const profiles = Object.keys((JSON.parse(example) as { profiles: object }).profiles);
    JSON.parse(example, (key, value: unknown) => {
      // What has a number for a key is in a list.
      if (!/^\d*$/.test(key) && !profiles.includes(key)) shown.push(key);
      return value;
    });
    expect(shown.toSorted()).toEqual(keys.toSorted());
  });
});

test('the Argon2id costs that are shown are those of the levels', () => {
  const rows = readTable('docs/guides/passphrase.md', '## How hard guessing is');
  const levels = Object.entries(securityLevels).map(([level, { memoryKib, passes, lanes }]) => [
    level,
    `${memoryKib / 1024} MiB`,
    String(passes),
    String(lanes),
  ]);
  expect(rows).toEqual(levels);
});
