import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Cli, createInitialized, openTerminal } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';

interface Summary {
  readonly signed?: number;
  readonly verified?: number;
  readonly failed: number;
  readonly files: readonly {
    readonly file: string;
    readonly signed?: boolean;
    readonly verified?: boolean;
    readonly package_hash?: string;
    readonly is_present?: boolean;
    readonly error?: { readonly code: string } | null;
  }[];
}

let cli: Cli;

beforeEach(async () => {
  cli = await createInitialized();
  mkdirSync(cli.path('dist/sub'), { recursive: true });
  for (const name of ['dist/a', 'dist/b', 'dist/sub/c']) cli.write(name, `content of ${name}`);
});

/** Runs a command of which some files fail, and returns its one document. */
async function fails(...args: readonly string[]): Promise<Summary> {
  const { status, stdout } = await cli.run('--json', ...args);
  expect(status, stdout).toBe(3);
  return JSON.parse(stdout) as Summary;
}

function line(content: string, name: string, marker = ' '): string {
  return `${createHash('sha256').update(content).digest('hex')} ${marker}${name}\n`;
}

/** Signs files, and counts how often that was committed: in the write-ahead log, which stays while the file is open. */
async function countCommits(files: readonly string[]): Promise<number> {
  const path = join(cli.home, '.local/share/hanaper/hanaper.db');
  using open = new DatabaseSync(path);
  open.exec('pragma wal_checkpoint(truncate)');
  await cli.done('sign', ...files, '--key', 'release');
  const log = readFileSync(`${path}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  // A frame that ends a transaction has the size of the database in its second word; the header has 32 bytes.
  for (let at = 32; at + frame <= log.length; at += frame) if (log.readUInt32BE(at + 4) > 0) commits += 1;
  return commits;
}

describe('several files', () => {
  test('are signed and verified by the short and the long form, with a line for each', async () => {
    const said = await cli.says('sign', 'dist/a', 'dist/b', '--key', 'release');
    expect(said.match(/^signed {4}dist\/[ab] {2}by acme/gm)).toHaveLength(2);
    expect((await cli.says('package', 'verify', 'dist/a', 'dist/b')).match(/^verified {2}dist/gm)).toHaveLength(2);
    await cli.done('package', 'sign', 'dist/a', 'dist/sub/c', '--key', 'release');
    const { verified, failed, files } = await cli.done<Summary>('verify', 'dist/a', 'dist/b', 'dist/sub/c', 'dist/a');
    expect({ verified, failed }).toEqual({ verified: 3, failed: 0 });
    expect(files.map(({ file }) => file)).toEqual(['dist/a', 'dist/b', 'dist/sub/c']);
  });

  test('one file has the document that it always had', async () => {
    const long = await cli.done('package', 'sign', 'dist/a', '--key', 'release');
    const short = await cli.done('sign', 'dist/a', '--key', 'release');
    expect(Object.keys(short)).toEqual(Object.keys(long));
    expect(short).toMatchObject({ signature_file: 'dist/a.sig' });
    expect(await cli.done('verify', 'dist/a')).toMatchObject({ signer_name: 'release' });
  });

  test('share one transaction, and each has its own entry in the log', async () => {
    const commits = await countCommits(['dist/a', 'dist/b']);
    for (let index = 0; index < 20; index++) cli.write(`dist/${index}`, `number ${index}`);
    expect(await countCommits(['dist'])).toBe(commits);
    const { entries } = await cli.done<{ entries: { command: string }[] }>('log', 'show', '--limit', '100');
    expect(entries.filter(({ command }) => command === '/package/sign')).toHaveLength(25);
  });

  test('have their proofs beside them', async () => {
    expect(await cli.done('sign', 'dist', '--key', 'release', '--proof')).toMatchObject({ signed: 3 });
    for (const name of ['dist/a', 'dist/b', 'dist/sub/c']) expect(cli.has(`${name}.proof.json`)).toBe(true);
    await cli.done('key', 'revoke', 'release', '--reason', 'superseded');
    expect(await cli.done('verify', 'dist')).toMatchObject({ verified: 3 });
  });

  test('more than one transaction takes are all signed', async () => {
    mkdirSync(cli.path('many'));
    for (let index = 0; index < 70; index++) cli.write(`many/${index}`, `number ${index}`);
    const { stderr, stdout } = await cli.run('--json', 'sign', 'many', '--key', 'release');
    expect(JSON.parse(stdout)).toMatchObject({ signed: 70, failed: 0 });
    expect(stderr).toBe('');
    expect(await cli.done('verify', 'many')).toMatchObject({ verified: 70, failed: 0 });
  });

  test('where one cannot be signed none is, and the status is 3', async () => {
    cli.write('empty', '');
    const { signed, failed, files } = await fails('sign', 'dist/a', 'empty', 'missing', '--key', 'release');
    expect({ signed, failed }).toEqual({ signed: 0, failed: 2 });
    expect(files.map(({ error }) => error?.code)).toEqual([undefined, 'package_empty', 'package_unreadable']);
    expect(cli.has('dist/a.sig')).toBe(false);
  });

  test('where one is refused the others are verified all the same, and the status is 3', async () => {
    await cli.done('sign', 'dist', '--key', 'release');
    cli.write('dist/b', 'changed');
    const { verified, failed, files } = await fails('verify', 'dist', 'missing');
    expect({ verified, failed }).toEqual({ verified: 2, failed: 2 });
    expect(files.map(({ error }) => error?.code)).toEqual([
      undefined,
      'package_tampered',
      undefined,
      'package_unreadable',
    ]);
    const { status, stdout } = await cli.run('verify', 'dist');
    expect(status).toBe(3);
    expect(stdout).toMatch(/^FAILED {4}dist\/b .*\(package_tampered\)$/m);
  });

  test('a failure that concerns them all is one error', async () => {
    await cli.refusesBoth('not_found', 'sign', 'dist', '--key', 'nobody');
    await cli.refusesBoth('not_found', 'verify', 'dist', '--org', 'nobody');
  });

  test.each([
    ['no file', ['sign', '--key', 'release']],
    ['a name for several', ['sign', 'dist/a', 'dist/b', '--key', 'release', '--name', 'x']],
    ['one signature file for several', ['sign', 'dist/a', 'dist/b', '--key', 'release', '--output', 'x.sig']],
    ['one signature file to verify several', ['verify', 'dist/a', 'dist/b', '--signature', 'x.sig']],
    ['standard input without a name', ['sign', '-', '--key', 'release']],
    ['standard input under a path', ['sign', '-', '--key', 'release', '--name', '../x']],
    ['files beside a list', ['verify', 'dist/a', '--checksums', 'dist/SHA256SUMS']],
    ['a passphrase on the same input', ['sign', '-', '--name', 'x', '--key', 'release', '--passphrase-file', '-']],
  ])('%s is a mistake of usage', async (_, args) => {
    await cli.refusesBoth('usage', ...args);
  });
});

describe('a folder', () => {
  test('is a list of the files in it, without their signature files', async () => {
    await cli.done('sign', 'dist', '--key', 'release', '--proof');
    cli.write('dist/alone.sig', 'a signature of nothing');
    const { files } = await fails('verify', 'dist');
    expect(files.map(({ file }) => file)).toEqual(['dist/a', 'dist/alone.sig', 'dist/b', 'dist/sub/c']);
  });

  test('with a symbolic link in it fails: nothing is passed over in silence', async () => {
    await cli.done('sign', 'dist', '--key', 'release');
    symlinkSync('a', cli.path('dist/link'));
    const { verified, failed } = await fails('verify', 'dist');
    expect({ verified, failed }).toEqual({ verified: 3, failed: 1 });
  });

  test('in which a signing was killed has whole signatures, and names what else is left', async () => {
    mkdirSync(cli.path('many'));
    for (let i = 0; i < 200; i++) cli.write(`many/${i}`, `content ${i}`);
    const signing = cli.start('sign', 'many', '--key', 'release');
    const ended = once(signing, 'close');
    await eventually(() =>
      readdirSync(cli.path('many')).some((name) => name.endsWith('.sig') || signing.exitCode !== null),
    );
    signing.kill('SIGKILL');
    await ended;
    const names = readdirSync(cli.path('many'));
    const signed = names.filter((name) => name.endsWith('.sig')).map((name) => `many/${name.slice(0, -'.sig'.length)}`);
    await cli.done('verify', ...signed);
    const left = names.filter((name) => name.endsWith('.tmp'));
    if (left.length > 0) expect((await fails('sign', 'many', '--key', 'release')).failed).toBe(left.length);
    for (const name of left) rmSync(cli.path(`many/${name}`));
    await cli.done('sign', 'many', '--key', 'release');
    expect((await cli.done('verify', 'many')).verified).toBe(200);
  });

  test('with what a killed signing has left is neither signed nor verified as a whole', async () => {
    await cli.done('sign', 'dist', '--key', 'release');
    cli.write(`dist/.hanaper-${'0'.repeat(32)}.tmp`, 'half a signature');
    for (const verb of [['sign', '--key', 'release'], ['verify']] as const) {
      const { files } = await fails(verb[0], 'dist', ...verb.slice(1));
      expect(files.filter(({ error }) => error).map(({ error }) => error?.code)).toEqual(['package_unreadable']);
    }
  });

  test('without a file is refused', async () => {
    mkdirSync(cli.path('bare'));
    await cli.refuses('package_unreadable', 'sign', 'bare', '--key', 'release');
  });
});

describe('standard input', () => {
  test('is signed under a name, and verified by the signature file of that name', async () => {
    const input = cli.with({ input: 'from a pipe' });
    expect(await input.done('sign', '-', '--name', 'piped', '--key', 'release')).toMatchObject({ signed: 1 });
    expect(cli.has('piped.sig')).toBe(true);
    expect(await input.done('verify', '-', '--name', 'piped')).toMatchObject({ verified: 1 });
    cli.write('piped', 'from a pipe');
    await cli.done('verify', 'piped');
    const other = cli.with({ input: 'from another' });
    expect((await other.run('verify', '-', '--name', 'piped')).status).toBe(3);
  });

  test('that is empty is refused', async () => {
    await cli.refuses('package_empty', 'sign', '-', '--name', 'piped', '--key', 'release');
  });
});

describe('a list of checksums', () => {
  const list = line('content of dist/a', 'a') + line('content of dist/sub/c', './sub/c', '*') + line('gone', 'gone');

  test('has each line signed and verified, whether or not the file is there', async () => {
    cli.write('dist/SHA256SUMS', list);
    expect(await cli.done('sign', '--checksums', 'dist/SHA256SUMS', '--key', 'release')).toMatchObject({ signed: 3 });
    expect(cli.has('dist/gone.sig')).toBe(true);
    const { files } = await cli.done<Summary>('verify', '--checksums', 'dist/SHA256SUMS');
    expect(files.map((file) => file.is_present)).toEqual([true, true, false]);
    await cli.done('verify', 'dist/a', 'dist/sub/c');
  });

  test('is checked against the files that are there', async () => {
    cli.write('dist/SHA256SUMS', list);
    await cli.done('sign', '--checksums', 'dist/SHA256SUMS', '--key', 'release');
    cli.write('dist/a', 'changed');
    const { files } = await fails('verify', '--checksums', 'dist/SHA256SUMS');
    expect(files[0]?.error?.code).toBe('package_tampered');
    const { signed } = await fails('sign', '--checksums', 'dist/SHA256SUMS', '--key', 'release');
    expect(signed).toBe(0);
  });

  test('a line that was never signed fails', async () => {
    cli.write('dist/SHA256SUMS', line('content of dist/a', 'a'));
    await cli.done('sign', '--checksums', 'dist/SHA256SUMS', '--key', 'release');
    cli.write('dist/SHA256SUMS', list);
    expect(await fails('verify', '--checksums', 'dist/SHA256SUMS')).toMatchObject({ verified: 1, failed: 2 });
  });

  test('a folder that leads elsewhere by a symbolic link is not followed', async () => {
    mkdirSync(cli.path('elsewhere'));
    cli.write('elsewhere/x', 'x');
    symlinkSync('../elsewhere', cli.path('dist/out'));
    cli.write('dist/SHA256SUMS', line('x', 'out/x'));
    await fails('sign', '--checksums', 'dist/SHA256SUMS', '--key', 'release');
    expect(cli.has('elsewhere/x.sig')).toBe(false);
  });

  const hash = 'ab'.repeat(32);
  test.each([
    ['a path out of the folder', `${hash}  ../a\n`],
    ['such a path further in', `${hash}  sub/../../a\n`],
    ['an absolute path', `${hash}  /etc/passwd\n`],
    ['an empty part', `${hash}  sub//c\n`],
    ['a name that is escaped', `\\${hash}  a\\nb\n`],
    ['a carriage return', `${hash}  a\r\n`],
    ['one space', `${hash} a\n`],
    ['a hash in upper case', `${'AB'.repeat(32)}  a\n`],
    ['a shorter hash', `${hash.slice(1)}  a\n`],
    ['the form of BSD', `SHA256 (a) = ${hash}\n`],
    ['an empty line', `${hash}  a\n\n`],
    ['one file twice', `${hash}  a\n${hash} *./a\n`],
    ['nothing', ''],
    ['bytes that are no text', Uint8Array.of(255, 254)],
  ])('with %s is refused as a whole', async (_, content) => {
    cli.write('dist/SHA256SUMS', content);
    await cli.refuses('bad_input', 'sign', '--checksums', 'dist/SHA256SUMS', '--key', 'release');
    await cli.refuses('bad_input', 'verify', '--checksums', 'dist/SHA256SUMS');
  });
});

test('every file is checked before the passphrase is asked for', async () => {
  cli.write('empty', '');
  const env = { HANAPER_RAW_KEY_FILE: '', HANAPER_PASSPHRASE_FILE: '', NO_COLOR: '1', TERM: 'xterm' };
  const terminal = openTerminal(cli.with({ env }), 'sign', 'dist', 'empty', '--key', 'release');
  const { status } = await terminal.finished;
  expect(terminal.screen).toContain('(package_empty)');
  expect(terminal.screen).not.toMatch(/passphrase/i);
  expect(status).toBe(3);
});
