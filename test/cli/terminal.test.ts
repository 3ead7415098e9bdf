import { truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Cli, cheap, createCli, createInitialized, executable, openTerminal, Terminal } from '../support/cli.ts';

const costs = cheap.filter((option) => option !== '--allow-weak');
const typed = 'walnut-héron-bicycle-39';
const interrupt = '\x03';
const endOfInput = '\x04';
const clear = '\x15';
const backspace = '\x7f';

async function createBare(): Promise<Cli> {
  return (await createCli()).with({ env: { HANAPER_PASSPHRASE_FILE: '', TERM: 'xterm-256color' } });
}

describe('on a terminal', () => {
  test('init asks for a passphrase twice without showing it, and it opens the database', async () => {
    const cli = await createBare();
    const terminal = openTerminal(cli, 'init', '--org', 'acme', ...costs);
    await terminal.answers('New passphrase', `${typed}\r`);
    await terminal.answers('The same again', `${typed}\r`);
    expect((await terminal.finished).status).toBe(0);
    expect(terminal.screen).not.toContain(typed);
    expect(terminal.screen).not.toContain('walnut');
    cli.write('pass', typed);
    await cli.done('key', 'create', 'by-file', '--passphrase-file', 'pass');

    const second = openTerminal(cli, 'key', 'create', 'by-prompt');
    await second.answers('Passphrase', `${typed}\r`);
    expect((await second.finished).status).toBe(0);
    expect(second.screen).not.toContain('walnut');
    const { keys } = await cli.done<{ keys: object[] }>('key', 'list');
    expect(keys).toHaveLength(2);
  });

  test('both answers may come at once, as they do when they are pasted', async () => {
    const cli = await createBare();
    const terminal = openTerminal(cli, 'init', ...costs);
    await terminal.answers('New passphrase', `${typed}\r${typed}\r`);
    expect((await terminal.finished).status).toBe(0);
  });

  test('two passphrases that differ are refused, and nothing is made', async () => {
    const cli = await createBare();
    const terminal = openTerminal(cli, 'init', ...costs);
    await terminal.answers('New passphrase', `${typed}\r`);
    await terminal.answers('The same again', `${typed}x\r`);
    expect((await terminal.finished).status).toBe(8);
    expect(terminal.screen).toContain('bad_input');
    expect(await cli.done('status')).toMatchObject({ initialized: false });
  });

  test('backspace takes back whole characters, and Ctrl-U the line', async () => {
    const cli = await createBare();
    const terminal = openTerminal(cli, 'init', ...costs);
    await terminal.answers('New passphrase', `${typed}né€😀${backspace.repeat(4)}\r`);
    await terminal.answers('The same again', `${backspace}something${clear}${typed}z\x08\r`);
    expect((await terminal.finished).status).toBe(0);
    cli.write('pass', typed);
    await cli.done('org', 'create', 'acme', '--passphrase-file', 'pass');
  });

  test('a passphrase is changed by asking for the present one and the new one', async () => {
    const cli = await createCli();
    await cli.done('init', '--org', 'acme', ...cheap);
    cli.write('old', cli.read('pass'));
    const bare = cli.with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
    const terminal = openTerminal(bare, 'passphrase', 'change', ...costs);
    await terminal.answers('Present passphrase', cli.read('old').toString().replace('\n', '\r'));
    await terminal.answers('New passphrase', `${typed}\r`);
    await terminal.answers('The same again', `${typed}\r`);
    expect((await terminal.finished).status).toBe(0);
    cli.write('pass', typed);
    await cli.done('key', 'create', 'x');
    await cli.refuses('wrong_passphrase', 'key', 'create', 'y', '--passphrase-file', 'old');
  });

  test('a wrong passphrase is asked for again, three times in all', async () => {
    const cli = await createBare();
    cli.write('pass', typed);
    await cli.done('init', '--org', 'acme', '--passphrase-file', 'pass', ...costs);
    const second = openTerminal(cli, 'key', 'create', 'second-try');
    await second.answers('Passphrase of sqlite:', 'wrong\r');
    await second.answers('Passphrase of sqlite:', `${typed}\r`, 2);
    expect((await second.finished).status, second.screen).toBe(0);
    const never = openTerminal(cli, 'key', 'create', 'never');
    for (const time of [1, 2, 3]) await never.answers('Passphrase of sqlite:', 'wrong\r', time);
    expect((await never.finished).status).toBe(4);
    expect(never.screen).toContain('(wrong_passphrase)');
    const { keys } = await cli.done<{ keys: { name: string }[] }>('key', 'list');
    expect(keys.map(({ name }) => name)).toEqual(['second-try']);
  });

  test('a wrong present passphrase is asked for again before a new one is, and so is that of a key file', async () => {
    const cli = await createBare();
    cli.write('pass', typed);
    await cli.done('init', '--passphrase-file', 'pass', ...costs);
    const changing = openTerminal(cli, 'passphrase', 'change', ...costs);
    for (const time of [1, 2, 3]) await changing.answers('Present passphrase of sqlite:', 'wrong\r', time);
    expect((await changing.finished).status).toBe(4);
    expect(changing.screen).not.toContain('New passphrase');
    await cli.done('identity', 'create', '--output', 'me.pem', '--key-passphrase-file', 'pass');
    const showing = openTerminal(cli, 'identity', 'show', 'me.pem');
    await showing.answers('Passphrase of me.pem', 'wrong\r');
    await showing.answers('Passphrase of me.pem', `${typed}\r`, 2);
    expect((await showing.finished).status, showing.screen).toBe(0);
  });

  test('the question for a new passphrase says what makes a good one, unless any will do', async () => {
    const cli = await createBare();
    const strict = openTerminal(cli, 'init', ...costs);
    await strict.answers('New passphrase of sqlite:', interrupt);
    await strict.finished;
    expect(strict.screen).toContain('several random words');
    const lax = openTerminal(cli, 'init', ...cheap);
    await lax.answers('New passphrase of sqlite:', interrupt);
    await lax.finished;
    expect(lax.screen).not.toContain('random words');
  });

  test('Ctrl-C ends the question with 130, makes nothing, and leaves the terminal as it was', async () => {
    const cli = await createBare();
    const command = `'${process.execPath}' '${executable}' init; echo "ended $?"; stty -a`;
    const terminal = new Terminal(cli, command);
    await terminal.answers('New passphrase', `half${interrupt}`);
    await terminal.finished;
    expect(terminal.screen).toContain('ended 130');
    expect(terminal.screen).toMatch(/[\s;]icanon/);
    expect(terminal.screen).toMatch(/[\s;]echo[\s;]/);
    expect(terminal.screen).not.toContain('half');
    expect(await cli.done('status')).toMatchObject({ initialized: false });
  });

  test('the end of input is no passphrase', async () => {
    const cli = await createBare();
    const terminal = openTerminal(cli, 'init');
    await terminal.answers('New passphrase', endOfInput);
    expect((await terminal.finished).status).toBe(2);
    expect(await cli.done('status')).toMatchObject({ initialized: false });
  });

  test('an empty or overlong passphrase is refused', async () => {
    const cli = await createBare();
    const empty = openTerminal(cli, 'init');
    await empty.answers('New passphrase', '\r');
    expect((await empty.finished).status).toBe(8);
    const long = openTerminal(cli, 'init');
    await long.answers('New passphrase', `${'x'.repeat(2000)}\r`);
    expect((await long.finished).status).toBe(8);
    expect(long.screen).not.toContain('xxx');
  });

  test('a hidden question is asked with --json too, on standard error', async () => {
    const cli = await createBare();
    cli.write('pass', typed);
    await cli.done('init', '--org', 'acme', '--passphrase-file', 'pass', ...costs);
    const command = `'${process.execPath}' '${executable}' --json key create x > out.json`;
    const terminal = new Terminal(cli, command);
    await terminal.answers('Passphrase', `${typed}\r`);
    expect((await terminal.finished).status).toBe(0);
    expect(JSON.parse(cli.read('out.json').toString())).toMatchObject({ name: 'x' });
  });

  test('errors are in colour, unless NO_COLOR is set; the code stands there either way', async () => {
    const cli = await createBare();
    const coloured = openTerminal(cli, 'key', 'list');
    await coloured.finished;
    expect(coloured.screen).toContain('\x1b[31merror:');
    expect(coloured.screen).toContain('not_initialized');
    const plain = openTerminal(cli.with({ env: { NO_COLOR: '1' } }), 'key', 'list');
    expect((await plain.finished).status).toBe(9);
    expect(plain.screen).not.toContain('\x1b');
    expect(plain.screen).toContain('(not_initialized)');
  });
});

describe('hashing a large file', () => {
  test('draws a bar on a terminal and wipes it away, and draws nothing into a pipe', async () => {
    const cli = (await createInitialized()).with({ env: { TERM: 'xterm', NO_COLOR: '1' } });
    cli.write('large', 'x');
    truncateSync(cli.path('large'), 1024 * 1024 * 1024);
    const terminal = openTerminal(cli, 'package', 'verify', 'large');
    expect((await terminal.finished).status).toBe(3);
    expect(terminal.screen).toMatch(/hashing \[#*\.+\] \d+% of 1024 MiB/);
    const lastLine = terminal.screen.trimEnd().split('\n').at(-1) ?? '';
    expect(lastLine.split('\r').at(-1) || lastLine).toMatch(/error: /);
    cli.write('small', 'x');
    const quick = openTerminal(cli, 'package', 'verify', 'small');
    await quick.finished;
    expect(quick.screen).not.toContain('hashing');
    const piped = await cli.run('package', 'verify', 'large');
    expect(piped.stderr).not.toContain('hashing');
    expect(piped.stdout).toBe('');
  });
});
