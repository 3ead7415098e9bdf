import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Cli, createCli, openTerminal, writeKey } from '../support/cli.ts';
import { keyTypes, principal } from '../support/ucan.ts';

const strong = 'walnut-héron-bicycle-39';
const alice = await principal('alice');
const didForms = { ed25519: /^did:key:z6Mk/, p256: /^did:key:zDn/, secp256k1: /^did:key:zQ3s/ } as const;
const vectorPassphrase = 'correct horse';

interface Created {
  readonly did: string;
  readonly type: string;
  readonly output: string;
  readonly sealed: boolean;
}

/** A person whose database is nonsense: no identity needs one. */
async function createPerson(): Promise<Cli> {
  const cli = await createCli('nonsense');
  return cli.with({ env: { HANAPER_PASSPHRASE_FILE: '/no/such/file' } });
}

describe.each(keyTypes)('an identity of %s', (type) => {
  test('is one file that only its owner reads, and a DID; openssl reads the same key', async () => {
    const cli = await createPerson();
    const created = await cli.done<Created>('identity', 'create', '--type', type, '--output', 'me.pem');
    expect(created).toEqual({ did: expect.stringMatching(didForms[type]), type, output: 'me.pem', sealed: false });
    expect(statSync(cli.path('me.pem')).mode & 0o777).toBe(0o600);
    expect(readdirSync(cli.folder).toSorted()).toEqual(['me.pem', 'pass']);
    const { status, stdout } = await cli.runProgram('openssl', 'pkey', '-in', 'me.pem');
    expect(status).toBe(0);
    expect(stdout).toBe(cli.read('me.pem').toString());
    expect(await cli.says('identity', 'show', 'me.pem')).toBe(`${created.did}\n`);
  });

  test('is sealed with a passphrase, by which alone it and openssl open it', async () => {
    const cli = await createPerson();
    cli.write('secret', `${strong}\n`);
    const options = ['--type', type, '--seal', '--key-passphrase-file', 'secret', '--output', 'me.pem'];
    const { did, sealed } = await cli.done<Created>('identity', 'create', ...options);
    expect(sealed).toBe(true);
    expect(statSync(cli.path('me.pem')).mode & 0o777).toBe(0o600);
    expect(cli.read('me.pem').toString()).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    const { status } = await cli.runProgram('openssl', 'pkey', '-in', 'me.pem', '-passin', `pass:${strong}`, '-noout');
    expect(status).toBe(0);
    const shown = await cli.done<Created>('identity', 'show', 'me.pem', '--key-passphrase-file', 'secret');
    expect(shown).toMatchObject({ did, type });
    cli.write('wrong', 'not the passphrase');
    await cli.refusesBoth('wrong_passphrase', 'identity', 'show', 'me.pem', '--key-passphrase-file', 'wrong');
    await cli.refusesBoth('locked', 'identity', 'show', 'me.pem');
  });
});

describe('identity create', () => {
  test('writes identity.pem of Ed25519 unless told otherwise, and says what comes next', async () => {
    const cli = await createPerson();
    const said = await cli.says('identity', 'create');
    expect(cli.has('identity.pem')).toBe(true);
    const did = (await cli.says('identity', 'show', 'identity.pem')).trim();
    expect(did).toMatch(didForms.ed25519);
    expect(said).toContain(`ucan delegate --org ORG --audience ${did}`);
    await cli.refuses('usage', 'identity', 'create', '--type', 'rsa', '--output', 'rsa.pem');
  });

  test('never overwrites anything, a key least of all', async () => {
    const cli = await createPerson();
    await cli.done('identity', 'create', '--output', 'me.pem');
    const before = cli.read('me.pem');
    await cli.refusesBoth('already_exists', 'identity', 'create', '--output', 'me.pem');
    expect(cli.read('me.pem')).toEqual(before);
    mkdirSync(cli.path('folder'));
    await cli.refuses('already_exists', 'identity', 'create', '--output', 'folder');
    symlinkSync('nowhere', cli.path('link'));
    expect((await cli.run('identity', 'create', '--output', 'link')).status).not.toBe(0);
    expect(cli.has('nowhere')).toBe(false);
    await cli.refuses('bad_input', 'identity', 'create', '--output', 'no/such/folder.pem');
  });

  test('overwrites no key that another process writes at the same moment', async () => {
    const cli = await createPerson();
    const runs = Array.from({ length: 8 }, () => cli.run('--json', 'identity', 'create', '--output', 'same.pem'));
    const finished = await Promise.all(runs);
    const made = finished.filter(({ status }) => status === 0).map(({ stdout }) => JSON.parse(stdout) as Created);
    expect(made.map(({ did }) => did)).toEqual([(await cli.says('identity', 'show', 'same.pem')).trim()]);
    expect(finished.filter(({ status }) => status === 7)).toHaveLength(7);
    expect(readdirSync(cli.folder).toSorted()).toEqual(['pass', 'same.pem']);
  });

  test('refuses a passphrase that is easy to guess, unless that is allowed', async () => {
    const cli = await createPerson();
    cli.write('weak', 'password1');
    const seal = ['identity', 'create', '--key-passphrase-file', 'weak'];
    const { message } = await cli.refusesBoth('weak_passphrase', ...seal);
    expect(message).not.toContain('password1');
    expect(cli.has('identity.pem')).toBe(false);
    expect(await cli.done<Created>(...seal, '--allow-weak')).toMatchObject({ sealed: true });
    await cli.done('identity', 'show', 'identity.pem', '--key-passphrase-file', 'weak');
  });

  test('takes the passphrase from standard input and from the environment, and not without one', async () => {
    const cli = await createPerson();
    const piped = cli.with({ input: `${strong}\n` });
    await piped.done('identity', 'create', '--seal', '--key-passphrase-file', '-', '--output', 'one.pem');
    const named = cli.with({ env: { HANAPER_KEY_PASSPHRASE_FILE: cli.path(cli.write('secret', strong)) } });
    await named.done('identity', 'show', 'one.pem');
    const { status, stderr } = await cli
      .with({ env: { HANAPER_KEY_PASSPHRASE: strong } })
      .run('identity', 'create', '--seal', '--output', 'two.pem');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: .*HANAPER_KEY_PASSPHRASE/);
    expect(stderr).not.toContain(strong);
    await named.done('identity', 'show', 'two.pem');
    await cli.refusesBoth('locked', 'identity', 'create', '--seal', '--output', 'three.pem');
    await cli.with({ env: { HANAPER_PASSPHRASE: strong } }).refuses('locked', 'identity', 'show', 'two.pem');
    expect(cli.has('three.pem')).toBe(false);
  });

  test('tells nobody the private key, whatever is asked', async () => {
    const cli = await createPerson();
    const outputs: string[] = [];
    for (const args of [
      ['create', '--output', 'me.pem'],
      ['create', '--output', 'me.pem'],
      ['show', 'me.pem'],
      ['show', 'me.pem', '--json'],
      ['create', '--output', 'me2.pem', '--json'],
    ]) {
      const { stdout, stderr } = await cli.with({ env: { HANAPER_DEBUG: '1' } }).run('identity', ...args);
      outputs.push(stdout, stderr);
    }
    for (const file of ['me.pem', 'me2.pem']) {
      const der = Buffer.from(cli.read(file).toString().split('\n')[1] ?? '', 'base64');
      const seed = der.subarray(-32);
      for (const text of outputs) {
        for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
          expect(text).not.toContain(seed.toString(form));
        expect(text).not.toContain(der.toString('base64'));
      }
    }
  });
});

describe('on a terminal', () => {
  const seal = ['identity', 'create', '--seal', '--output', 'me.pem'];

  test('the passphrase of a new key is asked for twice, and once to use it, without showing it', async () => {
    const cli = (await createPerson()).with({ env: { TERM: 'xterm' } });
    const creating = openTerminal(cli, ...seal);
    await creating.answers('New passphrase of me.pem', `${strong}\r`);
    await creating.answers('The same again', `${strong}\r`);
    expect((await creating.finished).status).toBe(0);
    const showing = openTerminal(cli, 'identity', 'show', 'me.pem');
    await showing.answers('Passphrase of me.pem', `${strong}\r`);
    expect((await showing.finished).status).toBe(0);
    expect(showing.screen).toContain('did:key:z6Mk');
    expect(showing.screen.match(/assphrase/g)).toHaveLength(1);
    for (const { screen } of [creating, showing]) expect(screen).not.toContain('walnut');
  });

  test('two that differ, a weak one, and Ctrl-C make no file', async () => {
    const cli = (await createPerson()).with({ env: { TERM: 'xterm' } });
    for (const [first, second, status] of [
      [strong, `${strong}x`, 8],
      ['password1', 'password1', 8],
      [strong, '\x03', 130],
    ] as const) {
      const terminal = openTerminal(cli, ...seal);
      await terminal.answers('New passphrase of me.pem', `${first}\r`);
      await terminal.answers('The same again', `${second}\r`);
      expect((await terminal.finished).status).toBe(status);
      expect(cli.has('me.pem')).toBe(false);
    }
  });

  test('a file that is there already is refused before anything is asked', async () => {
    const cli = (await createPerson()).with({ env: { TERM: 'xterm' } });
    cli.write('me.pem', 'something');
    const terminal = openTerminal(cli, ...seal);
    expect((await terminal.finished).status).toBe(7);
    expect(terminal.screen).not.toContain('assphrase');
  });
});

describe('a key file that another program made', () => {
  test.each(keyTypes)('of %s shows the DID of its key as PKCS#8, as JWK, and signs', async (type) => {
    const cli = await createPerson();
    const pkcs8 = cli.write('key.pem', readKeyVector(`${type}.pem`));
    const did = (await cli.says('identity', 'show', pkcs8)).trim();
    const jwk = createPrivateKey(cli.read(pkcs8)).export({ format: 'jwk' });
    const json = cli.write('key.jwk', JSON.stringify(jwk));
    const shown = await cli.done<{ did: string; public_jwk: Record<string, string> }>('identity', 'show', json);
    const { d: _, ...publicJwk } = jwk;
    expect(shown).toEqual({ did, type, public_jwk: publicJwk });
    for (const file of [pkcs8, json]) await signs(cli, file, did);
  });

  test.each(['ed25519-scrypt', 'p256-pbkdf2', 'secp256k1-scrypt', 'p256-sec1', 'ed25519-pbkdf2'])(
    '%s is read and signs',
    async (name) => {
      const cli = await createPerson();
      const type = name.split('-')[0] ?? '';
      const file = cli.write('key.pem', readKeyVector(`${name}.pem`));
      cli.write('plain.pem', readKeyVector(`${type}.pem`));
      const secret = ['--key-passphrase-file', cli.write('secret', vectorPassphrase)];
      const did = (await cli.says('identity', 'show', 'plain.pem')).trim();
      expect(await cli.says('identity', 'show', file, ...secret)).toBe(`${did}\n`);
      await signs(cli, file, did, ...secret);
    },
  );

  test('as 64 hex characters is an Ed25519 seed', async () => {
    const cli = await createPerson();
    const file = writeKey(cli, 'alice', alice);
    expect(await cli.says('identity', 'show', file)).toBe(`${alice.did}\n`);
    await signs(cli, file, alice.did);
  });

  test('that others can read brings a warning', async () => {
    const cli = await createPerson();
    cli.write('open.key', randomBytes(32).toString('hex'), 0o644);
    const { status, stderr } = await cli.run('identity', 'show', 'open.key');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: .*chmod 600 open\.key/);
  });

  test.each([
    ['is not there', undefined, 'bad_input'],
    ['is empty', '', 'malformed_key'],
    ['is text', 'hello\n', 'malformed_key'],
    ['is 32 raw bytes, which could be a public key', randomBytes(32), 'malformed_key'],
    ['is hex in upper case', 'AB'.repeat(32), 'malformed_key'],
    ['is a public key', readKeyVector('ed25519-public.pem'), 'malformed_key'],
    ['is sealed with an old cipher', readKeyVector('ed25519-des3.pem'), 'malformed_key'],
    ['is larger than any key', Buffer.alloc(64 * 1024 + 1, 0x61), 'bad_input'],
  ] as const)('is refused where it %s', async (_, content, code) => {
    const cli = await createPerson();
    if (content !== undefined) cli.write('odd.key', content);
    await cli.refusesBoth(code, 'identity', 'show', 'odd.key');
    await cli.refuses(code, 'ucan', 'delegate', '--issuer', 'odd.key', '--audience', alice.did, '--command', '/a');
  });
});

async function signs(cli: Cli, file: string, did: string, ...options: readonly string[]): Promise<void> {
  const claims = ['--audience', did, '--command', '/package/sign'];
  const { iss } = await cli.done<{ iss: string }>(
    'ucan',
    'delegate',
    '--issuer',
    file,
    ...claims,
    ...options,
    '--output',
    'd.ucan',
  );
  expect(iss).toBe(did);
  const { tokens } = await cli.done<{ tokens: readonly object[] }>('ucan', 'inspect', 'd.ucan');
  expect(tokens).toMatchObject([{ iss: did, signature: 'valid' }]);
}

function readKeyVector(name: string): Buffer {
  return readFileSync(new URL(`../vectors/keys/${name}`, import.meta.url));
}
