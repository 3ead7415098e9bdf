import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, cheap, createCli, passphrase } from '../support/cli.ts';

const changed = 'violet anchor thimble 82';
const without = { HANAPER_PASSPHRASE_FILE: '' };

describe('the passphrase', () => {
  let cli: Cli;
  /** The same without a credential. */
  let bare: Cli;

  beforeAll(async () => {
    cli = await createCli();
    await cli.done('init', '--org', 'acme', ...cheap);
    bare = cli.with({ env: without });
  });

  test('comes from a file, from standard input, or from the environment with a warning', async () => {
    await bare.done('key', 'create', 'by-file', '--passphrase-file', 'pass');
    await bare.with({ input: `${passphrase}\n` }).done('key', 'create', 'by-stdin', '--passphrase-file', '-');
    const byVariable = bare.with({ env: { HANAPER_PASSPHRASE: passphrase } });
    const { status, stderr } = await byVariable.run('key', 'create', 'by-variable');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: .*HANAPER_PASSPHRASE/);
    expect(stderr).not.toContain(passphrase);
  });

  test('in a flag goes over the environment', async () => {
    cli.write('wrong', 'not the passphrase\n');
    await cli.refuses('wrong_passphrase', 'key', 'create', 'x', '--passphrase-file', 'wrong');
    await cli
      .with({ env: { HANAPER_PASSPHRASE: 'not the passphrase' } })
      .done('key', 'create', 'by-flag', '--passphrase-file', 'pass');
  });

  test('in a file that others can read brings a warning, and none where it is private', async () => {
    cli.write('exposed', passphrase, 0o644);
    const exposed = await bare.run('validate', '--passphrase-file', 'exposed');
    expect(exposed.status).toBe(0);
    expect(exposed.stderr).toMatch(/^warning: .*chmod 600/);
    const quiet = await bare.run('validate', '--passphrase-file', 'pass');
    expect(quiet).toMatchObject({ status: 0, stderr: '' });
  });

  test('that is missing, with no terminal to ask on, leaves the database locked', async () => {
    await bare.refusesBoth('locked', 'key', 'create', 'x');
    await bare.with({ env: { HANAPER_PASSPHRASE: '' } }).refuses('locked', 'org', 'create', 'x');
  });

  test.each([
    ['with a byte-order mark', `\ufeff${passphrase}`],
    ['of invalid UTF-8', Buffer.concat([Buffer.from(passphrase), Buffer.of(0xff)])],
    ['that is empty', ''],
    ['of one newline', '\n'],
    ['with a line break inside', 'two\nlines\n'],
    ['of two newlines at the end', `${passphrase}\n\n`],
    ['with a NUL', 'a\0b'],
    ['of 1025 bytes', 'x'.repeat(1025)],
    ['of more than 64 KiB', 'x'.repeat(64 * 1024 + 1)],
  ])('is not read from a file %s', async (_, content) => {
    cli.write('odd', content);
    await cli.refuses('bad_input', 'key', 'create', 'x', '--passphrase-file', 'odd');
  });

  test('is not read from a file that is not there, or from a folder', async () => {
    await cli.refuses('bad_input', 'key', 'create', 'x', '--passphrase-file', 'missing');
    await cli.refuses('bad_input', 'key', 'create', 'x', '--passphrase-file', '.');
  });

  test('is the same however its characters are composed, and whichever line end follows', async () => {
    const other = await createCli();
    other.write('pass', 'café crème brûlée'.normalize('NFD'));
    await other.done('init', '--org', 'acme', ...cheap);
    other.write('pass', `${'café crème brûlée'.normalize('NFC')}\r\n`);
    await other.done('key', 'create', 'x');
  });

  test('that is easily guessed is refused with a reason, unless that is allowed', async () => {
    const other = await createCli();
    other.write('pass', 'password1');
    const { details } = await other.refuses('weak_passphrase', 'init');
    expect(details['reasons']).not.toEqual([]);
    expect(details).toMatchObject({ needed: 3 });
    expect(await other.done('status')).toMatchObject({ initialized: false });
    await other.done('init', ...cheap);
  });

  test('can be short of nothing where it is strong, and low costs bring a warning', async () => {
    const other = await createCli();
    const costs = cheap.filter((option) => option !== '--allow-weak');
    const { status, stderr } = await other.run('init', ...costs);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: .*memory/);
  });

  test.each([
    ['--memory', '19455'],
    ['--memory', '1048577'],
    ['--passes', '1'],
    ['--passes', '17'],
    ['--lanes', '0'],
    ['--lanes', '17'],
  ])('is not stretched with %s %s', async (flag, value) => {
    const other = await createCli();
    await other.refuses('bad_input', 'init', ...cheap, flag, value);
    expect(await other.done('status')).toMatchObject({ initialized: false });
  });

  test('is changed by files, by the environment, and by standard input; the old one opens nothing', async () => {
    cli.write('next', changed);
    await cli.done('passphrase', 'change', '--new-passphrase-file', 'next', ...cheap);
    await cli.refuses('wrong_passphrase', 'key', 'create', 'x');
    await bare
      .with({ env: { HANAPER_PASSPHRASE: changed, HANAPER_NEW_PASSPHRASE: passphrase } })
      .done('passphrase', 'change', ...cheap);
    await cli.done('key', 'create', 'after-change');
    await cli.with({ input: changed }).done('passphrase', 'change', '--new-passphrase-file', '-', ...cheap);
    await bare
      .with({ input: changed })
      .done('passphrase', 'change', '--passphrase-file', '-', '--new-passphrase-file', 'pass', ...cheap);
    expect(await cli.done('validate')).toMatchObject({ sealed_keys_opened: true });
    const { key_slots } = await cli.done<{ key_slots: object[] }>('status');
    expect(key_slots).toHaveLength(1);
  });

  test('is not changed where the old one is wrong, the new one weak, or both are on standard input', async () => {
    cli.write('wrong', 'not the passphrase');
    cli.write('weak', 'password1');
    const change = ['passphrase', 'change'];
    await cli.refuses(
      'wrong_passphrase',
      ...change,
      '--passphrase-file',
      'wrong',
      '--new-passphrase-file',
      'pass',
      ...cheap,
    );
    await cli.refuses('weak_passphrase', ...change, '--new-passphrase-file', 'weak');
    await cli.refuses('usage', ...change, '--passphrase-file', '-', '--new-passphrase-file', '-');
    await cli.refuses('locked', ...change);
    await cli.done('validate');
  });
});

describe('a slot', () => {
  test('of a raw key opens by 32 bytes or their hex, and by no other key or passphrase', async () => {
    const cli = (await createCli()).with({ env: without });
    const key = randomBytes(32);
    cli.write('key', key);
    cli.write('hex', `${key.toString('hex')}\n`);
    cli.write('other', randomBytes(32));
    await cli.refuses('usage', 'init', '--slot', 'raw');
    expect(await cli.done('init', '--slot', 'raw', '--raw-key-file', 'key', '--org', 'acme')).toMatchObject({
      slot: 'raw',
    });
    await cli.done('key', 'create', 'a', '--raw-key-file', 'key');
    await cli.done('key', 'create', 'b', '--raw-key-file', 'hex');
    await cli.with({ input: key }).done('key', 'create', 'c', '--raw-key-file', '-');
    await cli.refuses('wrong_passphrase', 'key', 'create', 'd', '--raw-key-file', 'other');
    await cli.refuses('wrong_passphrase', 'key', 'create', 'd', '--passphrase-file', 'pass');
  });

  test.each([
    ['31 bytes', new Uint8Array(31)],
    ['33 bytes', new Uint8Array(33)],
    ['63 hex characters', 'a'.repeat(63)],
    ['upper-case hex', 'A'.repeat(64)],
    ['nothing', ''],
  ])('of a raw key takes no file of %s', async (_, content) => {
    const cli = (await createCli()).with({ env: without });
    cli.write('key', content);
    await cli.refuses('bad_input', 'init', '--slot', 'raw', '--raw-key-file', 'key');
    expect(await cli.done('status')).toMatchObject({ initialized: false });
  });

  test('of a raw key takes the place of a passphrase, and the other way round', async () => {
    const cli = await createCli();
    cli.write('key', randomBytes(32));
    await cli.done('init', '--org', 'acme', ...cheap);
    expect(await cli.done('passphrase', 'change', '--new-raw-key-file', 'key')).toMatchObject({
      added: { kind: 'raw' },
      removed: { kind: 'passphrase' },
    });
    await cli.refuses('wrong_passphrase', 'key', 'create', 'x');
    await cli.done('key', 'create', 'x', '--raw-key-file', 'key');
    const back = ['passphrase', 'change', '--raw-key-file', 'key', '--new-passphrase-file', 'pass', ...cheap];
    expect(await cli.done(...back)).toMatchObject({ added: { kind: 'passphrase' }, removed: { kind: 'raw' } });
    await cli.done('key', 'create', 'y');
  });

  test('that is derived opens by its passphrase, and a change leaves one of kind passphrase, saying so', async () => {
    const cli = await createCli();
    expect(await cli.done('init', '--slot', 'derived', '--org', 'acme', ...cheap)).toMatchObject({ slot: 'derived' });
    await cli.done('key', 'create', 'x');
    cli.write('next', changed);
    const said = await cli.says('passphrase', 'change', '--new-passphrase-file', 'next', ...cheap);
    expect(said).toContain('root secret');
    expect(await cli.done('status')).toMatchObject({
      derivation_method: 'passphrase',
      key_slots: [{ kind: 'passphrase' }],
    });
    await cli.refuses('wrong_passphrase', 'key', 'create', 'y');
    await cli.done('key', 'create', 'y', '--passphrase-file', 'next');
  });
});
