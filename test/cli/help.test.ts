import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createCli } from '../support/cli.ts';

const verbs = [
  'init',
  'status',
  'validate',
  'doctor',
  'dev',
  'passphrase change',
  'database unlock',
  'database lock',
  'org create',
  'org list',
  'org show',
  'org set',
  'key create',
  'key import',
  'key list',
  'key show',
  'key export',
  'key revoke',
  'trust add',
  'trust list',
  'trust revoke',
  'acl grant',
  'acl revoke',
  'acl list',
  'package sign',
  'package verify',
  'package attach',
  'package signatures',
  'package load',
  'identity create',
  'identity show',
  'ucan delegate',
  'ucan invoke',
  'ucan inspect',
  'ucan verify',
  'ucan revoke',
  'ucan list',
  'ucan import',
  'ucan prune',
  'log show',
  'log proof',
  'log verify',
  'log export',
  'completion',
];
const nouns = ['passphrase', 'database', 'org', 'key', 'trust', 'acl', 'package', 'identity', 'ucan', 'log'];

let cli: Cli;

beforeAll(async () => {
  cli = await createCli();
});

describe('help', () => {
  test.each(verbs)('of %s says what it does, its options, and an example that names it', async (verb) => {
    const { status, stdout, stderr } = await cli.run(...verb.split(' '), '--help');
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: hanaper ${verb}`);
    expect(stdout).toMatch(new RegExp(`Example:\\n {2}\\$ hanaper ${verb}`));
    expect(stdout).toContain('--json');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test.each(nouns)('of %s lists its verbs', async (noun) => {
    const help = await cli.says(noun, '--help');
    const own = verbs.filter((verb) => verb.startsWith(`${noun} `)).map((verb) => verb.split(' ')[1]);
    for (const verb of own) expect(help).toContain(`  ${verb} `);
    expect(await cli.says('help', noun)).toBe(help);
  });

  test('is what hanaper alone prints', async () => {
    const help = await cli.says();
    expect(help).toBe(await cli.says('--help'));
    expect(help).toBe(await cli.says('-h'));
    const words = [...new Set(verbs.map((verb) => verb.split(' ')[0]))];
    for (const word of words) expect(help).toMatch(new RegExp(`^ {2}${word} `, 'm'));
  });

  test('is near for a word that was mistyped: the error names the right one, in one clean line', async () => {
    for (const [args, meant] of [
      [['pakage', 'verify'], 'package'],
      [['package', 'verfy', 'file'], 'verify'],
      [['package', 'verify', 'file', '--trust-keys', 'x'], '--trust-key'],
    ] as const) {
      const { stderr } = await cli.run(...args);
      expect(stderr).toMatch(new RegExp(`^error: .*${meant}\\b.*\\(usage\\)\n$`));
      expect(stderr).not.toContain('\ufffd');
    }
  });

  test('names the version too, which is printed where it is asked for first, and an option of two verbs elsewhere', async () => {
    const version = await cli.says('--version');
    expect(await cli.says()).toContain('hanaper --version');
    expect(await cli.says('--json', '--version')).toBe(version);
    await cli.refuses('usage', 'ucan', 'delegate', '--version');
    await cli.refuses('usage', 'status', '--version');
  });

  test('and the version open no database and need no home', async () => {
    const nowhere = cli.with({ env: { HANAPER_DB: 'nonsense', HOME: '/nonexistent', XDG_CACHE_HOME: '/nonexistent' } });
    expect(await nowhere.says('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await nowhere.says('--help')).toContain('Usage: hanaper');
  });
});

describe('completion', () => {
  const complete = (script: string, words: readonly string[]): readonly string[] => {
    const program = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_hanaper
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', program], {
      encoding: 'utf8',
      cwd: cli.folder,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trim().split('\n');
  };

  test('of bash completes nouns, verbs, options and files', async () => {
    const script = await cli.says('completion', 'bash');
    expect(complete(script, ['hanaper', 'pack'])).toEqual(['package']);
    expect(complete(script, ['hanaper', 'package', 's'])).toEqual(['sign', 'signatures']);
    expect(complete(script, ['hanaper', '--json', 'package', 'ver'])).toEqual(['verify']);
    expect(complete(script, ['hanaper', 'package', 'sign', '--ex'])).toEqual(['--expires']);
    expect(complete(script, ['hanaper', 'init', '--pass'])).toEqual(['--passes', '--passphrase-file']);
    expect(complete(script, ['hanaper', 'package', 'sign', 'pas'])).toEqual(['pass']);
    expect(complete(script, ['hanaper', 'uc'])).toEqual(['ucan']);
    expect(complete(script, ['hanaper', 'identity', 's'])).toEqual(['show']);
    expect(complete(script, ['hanaper', 'ucan', 'in'])).toEqual(['invoke', 'inspect']);
    expect(complete(script, ['hanaper', 'ucan', 'delegate', '--po'])).toEqual(['--powerline', '--policy']);
    const nothing = complete(script, ['hanaper', '']);
    for (const noun of nouns) expect(nothing).toContain(noun);
  });

  test('of bash goes on after the value of an option, and after a file', async () => {
    const script = await cli.says('completion', 'bash');
    expect(complete(script, ['hanaper', '--org', 'acme', 'package', 'ver'])).toEqual(['verify']);
    expect(complete(script, ['hanaper', 'package', 'sign', 'pass', '--ex'])).toEqual(['--expires']);
    expect(complete(script, ['hanaper', 'ucan', 'verify', 'pass', '--ex'])).toEqual(['--explain']);
    expect(complete(script, ['hanaper', 'ucan', 'delegate', '--authority', '--aud'])).toEqual(['--audience']);
  });

  test('of bash keeps a file name with a space in one piece', async () => {
    const script = await cli.says('completion', 'bash');
    cli.write('spaced name', '');
    expect(complete(script, ['hanaper', 'package', 'sign', 'space'])).toEqual(['spaced name']);
  });

  test('of bash is sourced without a word', async () => {
    cli.write('hanaper.bash', await cli.says('completion', 'bash'));
    const { status, stdout, stderr } = await cli.runProgram(
      'bash',
      '--norc',
      '-euc',
      '. ./hanaper.bash; complete -p hanaper',
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('_hanaper');
  });

  test('of zsh begins as zsh wants it', async () => {
    const script = await cli.says('completion', 'zsh');
    expect(script).toMatch(/^#compdef hanaper\n/);
    expect(script).toContain('_hanaper');
  });

  test('of fish is one complete line after the other', async () => {
    const lines = (await cli.says('completion', 'fish')).trimEnd().split('\n');
    for (const line of lines) {
      expect(line).toMatch(/^complete -c hanaper -n '[^']+' (-l [a-z-]+|-f -a [a-z-]+)/);
    }
    const roots = lines.filter((line) => line.includes('__fish_use_subcommand'));
    for (const noun of nouns) expect(roots.some((line) => line.includes(`-a ${noun}`))).toBe(true);
  });

  test('is printed as a document too, and for no other shell', async () => {
    expect(await cli.done('completion', 'bash')).toMatchObject({ shell: 'bash', script: expect.any(String) });
    for (const shell of ['powershell', 'BASH', 'constructor', '']) await cli.refuses('usage', 'completion', shell);
  });
});
