import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { readLegacyFile } from '../../src/cli/legacy-file.ts';
import { expectCode } from '../support/codes.ts';
import { makePipe, temporaryFile, temporaryFolder } from '../support/fixtures.ts';
import { signLegacy } from '../support/legacy.ts';
import { principal } from '../support/ucan.ts';

const alice = await principal('alice');
const token = await signLegacy(alice, alice);
const other = await signLegacy(alice, alice, { payload: { nnc: 'other' } });

function read(path: string): readonly (readonly string[])[] {
  return [...readLegacyFile(path)];
}

describe('what is read, whatever the name of the file', () => {
  const forms: readonly (readonly [string, string, readonly string[]])[] = [
    ['one token', token, [token]],
    ['one token and a line end', `${token}\n`, [token]],
    ['a token a line', `${token}\n${other}\n`, [token, other]],
    ['lines as Windows ends them, and blank ones', `\r\n${token}\r\n \r\n${other}\r\n`, [token, other]],
    ['a byte-order mark in front', `\ufeff${token}`, [token]],
    ['lines that are no tokens among those that are', `x\n${token}\nBearer y`, ['x', token, 'Bearer y']],
    ['a JSON array', JSON.stringify([token, other], null, 2), [token, other]],
    ['a JSON array with what is no token', JSON.stringify(['', token, 'x']), ['', token, 'x']],
  ];
  test.each(forms)('%s', (_, text, tokens) => {
    expect(read(temporaryFile('tokens.db', text))).toEqual([tokens]);
  });

  test('an empty JSON array, which has no batch', () => {
    expect(read(temporaryFile('tokens', '[]'))).toEqual([]);
  });

  test('a SQLite file, of which no byte and no time is changed', () => {
    const path = createSource('tokens.txt', [token, other]);
    const before = statSync(path, { bigint: true });
    const content = readFileSync(path);
    expect(read(path)).toEqual([[token, other]]);
    const { mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    expect({ mtimeNs, ctimeNs }).toEqual({ mtimeNs: before.mtimeNs, ctimeNs: before.ctimeNs });
    expect(readFileSync(path)).toEqual(content);
  });
});

describe('batches', () => {
  const many = Array.from({ length: 2500 }, (_, i) => `a.b.${i}`);
  test.each([
    ['lines', () => temporaryFile('x', many.join('\n'))],
    ['an array', () => temporaryFile('x', JSON.stringify(many))],
    ['a SQLite file', () => createSource('x', many)],
  ])('%s come in batches of a thousand, in their order', (_, create) => {
    const batches = read(create());
    expect(batches.map(({ length }) => length)).toEqual([1000, 1000, 500]);
    expect(batches.flat()).toEqual(many);
  });

  test('large tokens come in smaller batches', () => {
    const large = Array.from({ length: 100 }, () => `a.b.${'x'.repeat(200_000)}`);
    const batches = read(temporaryFile('x', large.join('\n')));
    expect(batches.map(({ length }) => length)).toEqual(Array(100).fill(1));
  });

  test('a batch holds as many bytes as one import takes', () => {
    const large = Array.from({ length: 100 }, (_, i) => `a.b.${'ä'.repeat(10_000)}${i}`);
    const batches = read(temporaryFile('x', JSON.stringify(large)));
    expect(batches.map(({ length }) => length)).toEqual([...Array(9).fill(11), 1]);
    expect(batches.flat()).toEqual(large);
  });

  test('nothing is read before the first batch is taken', () => {
    expect(() => readLegacyFile('/none')).not.toThrow();
  });
});

describe('what is refused', () => {
  test.each([
    ['an empty file', ''],
    ['blank lines', '\n \n'],
    ['other text', 'hello\nworld'],
    ['a JSON object', JSON.stringify({ tokens: ['a.b.c'] })],
    ['an array of other values', '["a.b.c", 1]'],
    ['an array that does not end', '["a.b.c"'],
    ['an array in an array', '[["a.b.c"]]'],
    ['bytes', Uint8Array.of(0xff, 0xfe, 0x00)],
    ['the beginning of a SQLite file', 'SQLite format 3\0'],
  ])('%s', async (_, content) => {
    const path = temporaryFile('x', content);
    const { details, message } = await expectCode('bad_input', () => read(path));
    expect(details).toMatchObject({ path });
    expect(message).not.toContain('a.b.c');
  });

  test('a file that is not there, a folder and a pipe', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'inner'));
    makePipe(join(folder, 'pipe'));
    for (const name of ['none', 'inner', 'pipe']) await expectCode('bad_input', () => read(join(folder, name)));
  });

  test('more than 64 MiB of text', async () => {
    const line = `${token}\n`;
    const bytes = Buffer.alloc(64 * 1024 * 1024 + 1, line);
    const path = temporaryFile('x', bytes);
    expect((await expectCode('too_large', () => read(path))).details).toMatchObject({ path });
    expect(read(temporaryFile('y', bytes.subarray(1))).flat().length).toBeGreaterThan(100_000);
  });

  test('more than a million lines', async () => {
    await expectCode('too_large', () => read(temporaryFile('x', 'a.b.c\n'.repeat(1_000_001))));
  });
});

function createSource(name: string, tokens: readonly string[]): string {
  const path = join(temporaryFolder(), name);
  const file = new DatabaseSync(path);
  file.exec('create table ucan_tokens (raw_token text); begin');
  const insert = file.prepare('insert into ucan_tokens values (?)');
  for (const each of tokens) insert.run(each);
  file.exec('commit');
  file.close();
  return path;
}
