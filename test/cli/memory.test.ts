/** No copy of a secret outlives its use: real processes are held at their end, and looked into from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { signingKeyContext } from '../../src/authority/identity/sealed-key-context.ts';
import { type Authority, openAuthority } from '../../src/authority/index.ts';
import { encodeUtf8 } from '../../src/bytes.ts';
import { argon2id } from '../../src/crypto/argon2.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeIdentityKey } from '../../src/did/index.ts';
import { listKeySlots } from '../../src/store/tables/key-slots.ts';
import { listOrganizations } from '../../src/store/tables/organizations.ts';
import { listSigningKeys } from '../../src/store/tables/signing-keys.ts';
import { preparePassphrase } from '../../src/vault/index.ts';
import { deriveKey, type KeyPurpose } from '../../src/vault/root-secret.ts';
import { type Cli, cheap, createCli, executable } from '../support/cli.ts';
import { countInMemory } from '../support/memory.ts';
import { ask } from '../support/server.ts';

// Letters beyond Latin: a string of them is kept as UTF-16, so that their bytes in UTF-8 are a buffer of somebody's.
const passphrase = 'χαλκός φανάρι παρασύρεται μεσάνυχτα';
const keyPassphrase = 'λεμόνι σιωπή τετράδιο καράβι';
const stranger = 'did:key:z6MkvvUGwdprbZbDtzaPDYHuru56Es6F2NPjVQk5cuiVb1Te';
const purposes: readonly KeyPurpose[] = ['identity', 'key-encryption', 'record-encryption', 'log'];

type Counts = Readonly<Record<string, number>>;

let cli: Cli;
let needles: Record<string, Uint8Array>;
let nothing: Counts;

beforeAll(async () => {
  const bare = await createCli();
  bare.write('pass', `${passphrase}\n`);
  bare.write('key-pass', `${keyPassphrase}\n`);
  bare.write('new-pass', `${passphrase}\n`);
  cli = bare.with({ env: { HANAPER_DB: `sqlite:${bare.path('authority.db')}`, HANAPER_ORG: 'acme' } });
  await cli.done('init', '--org', 'acme', ...cheap);
  await cli.done('key', 'create', 'release');
  await cli.done('identity', 'create', '--output', 'sealed.pem', '--key-passphrase-file', 'key-pass');
  const { did } = await cli.done<{ did: string }>('identity', 'create', '--output', 'job.pem');
  const powers = ['--audience', did, '--command', '/', '--expires', '1d'];
  await cli.done('ucan', 'delegate', '--authority', ...powers, '--output', 'job.ucan');
  await cli.done('ucan', 'delegate', '--org', 'acme', ...powers, '--output', 'acme.ucan');
  cli.write('plugin.wasm', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  needles = await listNeedles();
  nothing = Object.fromEntries(Object.keys(needles).map((name) => [name, 0]));
});

test('what looks for secrets finds that of a server which is unlocked', async () => {
  const server = await startServer();
  const counts = await server.look();
  expect(counts['root secret']).toBe(1);
  expect({ ...counts, 'root secret': 0 }).toEqual(nothing);
  await server.stop();
});

test('nothing is left in a server that was locked, while it runs on', async () => {
  const server = await startServer();
  await cli.done('database', 'lock', ...jobAt(server));
  expect(await server.look()).toEqual(nothing);
  await server.stop();
});

test('nothing is left after the stop of a server that has signed', async () => {
  const server = await startServer();
  await cli.done('package', 'sign', 'plugin.wasm', '--key', 'release', '--output', 'signed', ...jobAt(server));
  expect(await server.stop()).toEqual(nothing);
});

test('a passphrase that came over the network stays where connections are read into, until the next body is', async () => {
  const server = await startServer();
  await cli.done('database', 'lock', ...jobAt(server));
  await cli.done('database', 'unlock', ...jobAt(server));
  expect((await server.look())['passphrase']).toBe(1);
  await ask(server.url, '/api/verify', { body: '.'.repeat(4096) });
  expect(await server.stop()).toEqual(nothing);
});

describe('nothing is left after', () => {
  test.each([
    'key create another',
    'org create globex',
    'package sign plugin.wasm --key release',
    'identity show job.pem',
    'identity show sealed.pem --key-passphrase-file key-pass',
    `ucan delegate --issuer job.pem --audience ${stranger} --command /key/list --output d.ucan`,
    `identity create --output another.pem --key-passphrase-file key-pass`,
    'passphrase change --new-passphrase-file new-pass',
    'validate',
  ])('%s', async (line) => {
    const held = start(...line.split(' '));
    const counts = await held.look();
    expect(await held.end()).toBe(0);
    expect(counts).toEqual(nothing);
  });
});

interface Held {
  readonly child: ChildProcess;
  /** Waits until it stands still, looks into its memory, and lets it go on. */
  look(): Promise<Counts>;
  end(): Promise<number>;
}

function start(...args: readonly string[]): Held {
  const preload = fileURLToPath(new URL('children/hold-at-end.cjs', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', '--require', preload, executable, ...args], {
    cwd: cli.folder,
    env: { ...cli.env },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout?.resume();
  const exit = once(child, 'exit');
  return {
    child,
    look: async () => {
      await once(child.stdio[3] as Readable, 'data');
      const counts = countInMemory(child.pid ?? 0, needles);
      (child.stdio[4] as Writable).write('.');
      return counts;
    },
    end: async () => (await exit)[0] as number,
  };
}

function jobAt({ url }: HeldServer): readonly string[] {
  return ['--server', url, '--as', 'job.pem', '--proof', 'job.ucan', '--proof', 'acme.ucan'];
}

interface HeldServer {
  readonly url: string;
  /** What its memory holds. */
  look(): Promise<Counts>;
  /** Stops it; what its memory holds at its end. */
  stop(): Promise<Counts>;
}

async function startServer(): Promise<HeldServer> {
  const { child, look, end } = start('serve', '--listen', '127.0.0.1:0', '--metrics', 'off');
  const { url } = JSON.parse(await readFirstLine(child.stdout as Readable)) as { readonly url: string };
  child.stdout?.resume();
  return {
    url,
    look: () => {
      child.kill('SIGUSR2');
      return look();
    },
    stop: async () => {
      child.kill('SIGTERM');
      const counts = await look();
      expect(await end()).toBe(0);
      return counts;
    },
  };
}

async function readFirstLine(stream: Readable): Promise<string> {
  const lines = createInterface(stream);
  const [line] = (await once(lines, 'line')) as [string];
  return line;
}

async function listNeedles(): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {
    passphrase: encodeUtf8(passphrase),
    'passphrase of a key': encodeUtf8(keyPassphrase),
  };
  const keep = (name: string, { bytes }: Secret) => {
    found[name] = new Uint8Array(bytes);
  };
  await using authority = await openAuthority({ database: cli.env['HANAPER_DB'] ?? '' });
  using prepared = preparePassphrase(passphrase);
  const { vault } = await authority.openVault({ kind: 'passphrase', passphrase: prepared });
  await vault.withRootSecret(async (root) => {
    keep('root secret', root);
    for (const purpose of purposes) keep(`key for ${purpose}`, await deriveKey(root, purpose));
  });
  const { slots, keys } = await listSealed(authority);
  for (const { salt, costs } of slots) if (costs) keep('wrapping key', await argon2id(prepared, salt, costs));
  for (const key of keys) {
    keep(`seed of ${key.keyName}`, await vault.openKey(key.encryptedPrivateKey, signingKeyContext(key)));
  }
  using job = await decodeIdentityKey(Secret.adopt(cli.read('job.pem')));
  keep('key of the job', job.secret);
  using sealed = await decodeIdentityKey(Secret.adopt(cli.read('sealed.pem')), async () =>
    preparePassphrase(keyPassphrase),
  );
  keep('sealed key', sealed.secret);
  vault.lock();
  return found;
}

function listSealed({ database }: Authority) {
  return database.transact('read', async (transaction) => {
    const [acme] = await listOrganizations(transaction);
    return { slots: await listKeySlots(transaction), keys: await listSigningKeys(transaction, acme?.id ?? '') };
  });
}
