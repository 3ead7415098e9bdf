import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createCli } from '../support/cli.ts';

// Worthless keys that OpenSSL sealed; the passphrases have characters that Unicode writes in several ways.
const forms = ['nfc', 'nfd', 'nbsp', 'ideo', 'angstrom'];
const vector = (name: string) => readFileSync(new URL(`../vectors/passphrases/${name}`, import.meta.url));

let cli: Cli;

beforeAll(async () => {
  cli = await createCli();
  for (const form of forms) {
    cli.write(`${form}.pem`, vector(`${form}.pem`));
    cli.write(form, vector(`${form}.txt`));
  }
});

describe.each(forms)('a passphrase in the form %s', (form) => {
  test('opens what OpenSSL sealed with the same bytes', async () => {
    const { did } = await cli.done('identity', 'show', `${form}.pem`, '--key-passphrase-file', form);
    expect(did).toMatch(/^did:key:z6Mk/);
  });

  test('seals a key that OpenSSL opens with the same bytes', async () => {
    const output = ['--output', `own-${form}.pem`];
    const { did } = await cli.done('identity', 'create', ...output, '--key-passphrase-file', form, '--allow-weak');
    const opened = await cli.runProgram(
      'openssl',
      'pkey',
      '-in',
      `own-${form}.pem`,
      '-passin',
      `file:${form}`,
      '-noout',
    );
    expect([opened.status, opened.stderr]).toEqual([0, '']);
    const shown = await cli.done('identity', 'show', `own-${form}.pem`, '--key-passphrase-file', form);
    expect(shown['did']).toBe(did);
  });
});

test('a key that was sealed with the prepared form opens by another form of the same passphrase', async () => {
  await cli.done('identity', 'show', 'nfc.pem', '--key-passphrase-file', 'nfd');
  const wrong = ['identity', 'show', 'nfc.pem', '--key-passphrase-file', cli.write('wrong', 'another')];
  await cli.refuses('wrong_passphrase', ...wrong);
});

test('a passphrase that could not be typed again seals nothing', async () => {
  const given = ['--key-passphrase-file', cli.write('tab', 'with a\ttab'), '--allow-weak'];
  await cli.refuses('bad_input', 'identity', 'create', '--output', 'never.pem', ...given);
  expect(cli.has('never.pem')).toBe(false);
});
