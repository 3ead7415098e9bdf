import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSigner } from '../../src/authority/index.ts';
import { type Cli, writeTokens } from '../support/cli.ts';
import { createPerson, createRemoteWorld, type RemoteWorld } from '../support/remote.ts';
import { invoke, json, problem, type TestAnswer, type TestRequest } from '../support/stand-in-server.ts';
import { delegate } from '../support/ucan.ts';

const passphrase = 'quotes " \\ and ünicode 7';

let world: RemoteWorld;
let admin: Cli;
let server: readonly string[];
let unlocking: TestRequest[] = [];
// Whether the receipt of unlocking is kept back.
let isSilent = false;

/** Unlocks for anyone who knows the passphrase, with the receipt of an invocation that comes with it. */
async function answer(request: TestRequest): Promise<TestAnswer> {
  if (request.path !== '/api/crypto/unlock') return problem(404, 'not_found', 'There is no such route.');
  unlocking.push(request);
  const { method, passphrase: given } = JSON.parse(request.body.toString()) as Record<string, string>;
  if (method !== 'passphrase' || given !== passphrase) return problem(403, 'wrong_passphrase', 'It does not open.');
  const container = containerIn(request);
  if (container !== undefined && !isSilent) {
    return invoke(world.authority, { headers: request.headers, body: Buffer.from(container) });
  }
  return json(200, { did: world.authority.identity.did, locked: false });
}

function containerIn({ headers }: TestRequest): Uint8Array | undefined {
  const [, container] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
  return container === undefined ? undefined : new TextEncoder().encode(container);
}

beforeAll(async () => {
  world = await createRemoteWorld(undefined, { answer });
  admin = world.admin;
  server = ['--server', world.server.url];
});

afterAll(async () => world[Symbol.asyncDispose]());

describe('it is wrong usage', () => {
  test.each([
    [['key', 'list', '--server', 'http://hanaper.example', '--as', 'admin.pem']],
    [['key', 'list', '--server', 'https://hanaper.example/path', '--as', 'admin.pem']],
    [['key', 'list', '--server', 'nonsense', '--as', 'admin.pem']],
    [['key', 'list', '--server', '', '--as', 'admin.pem']],
  ])('to name a server like this: %j', async (args) => {
    await admin.with({ env: { HANAPER_PROFILE: '' } }).refusesBoth('usage', ...args);
  });

  test('to name a server and no key, and it is said what to give', async () => {
    const bare = admin.with({ env: { HANAPER_PROFILE: '' } });
    const { message } = await bare.refuses('usage', 'key', 'list', ...server);
    expect(message).toContain('--as KEYFILE');
    expect((await bare.refuses('usage', 'key', 'list', '--as', 'admin.pem')).message).toContain('--server');
    expect((await bare.refuses('usage', 'database', 'unlock')).message).toContain('--server');
    expect((await bare.refuses('usage', 'database', 'lock')).message).toContain('--server');
  });

  test('to speak TLS to what does not, and it is said so', async () => {
    const secure = world.server.url.replace('http:', 'https:');
    const { message } = await admin.refuses('unavailable', 'key', 'list', '--server', secure, '--as', 'admin.pem');
    expect(message).toContain('does not speak TLS');
    expect(message).not.toContain('certificate');
  });

  test('to ask without a delegation, and it is said which flag gives one', async () => {
    const bare = admin.with({ env: { HANAPER_PROFILE: '' } });
    await bare.done('identity', 'create', '--output', 'bare.pem');
    const asks = [...server, '--as', 'bare.pem'];
    for (const args of [
      ['key', 'list'],
      ['key', 'list', '--org', 'acme'],
      ['org', 'list'],
    ]) {
      const { message } = await bare.refuses('not_authorized', ...args, ...asks);
      expect(message).toContain('--proof');
    }
  });

  test('to name a database and a server', async () => {
    await admin.refuses('usage', 'key', 'list', '--db', 'sqlite:none.db', ...server);
    await admin.refuses('usage', 'key', 'list', '--db', 'sqlite:none.db', '--profile', 'admin');
    // The environment is no contradiction: the flag outweighs it.
    await admin.refuses('not_initialized', 'key', 'list', '--db', 'sqlite:none.db');
  });

  test.each([
    [['init']],
    [['status']],
    [['validate']],
    [['passphrase', 'change']],
    [['package', 'verify', 'file']],
    [['package', 'load', 'file']],
    [['identity', 'create']],
    [['identity', 'show', 'admin.pem']],
    [['ucan', 'inspect', 'own.ucan']],
    [['ucan', 'verify', 'own.ucan']],
    [['ucan', 'invoke', '--issuer', 'admin.pem', '--subject', 'did:key:z', '--command', '/a']],
    [['completion', 'bash']],
  ])('to name a server for what asks none: %j', async (args) => {
    const { message } = await admin.refuses('usage', ...args, ...server);
    expect(message).toContain(`"hanaper ${args[0]}`);
    await admin.refuses('usage', ...args, '--profile', 'admin');
  });

  test('to have a server sign with a key of its own', async () => {
    const delegate = ['ucan', 'delegate', '--audience', world.authority.identity.did, '--command', '/a'];
    await admin.refuses('usage', ...delegate, '--org', 'acme');
    await admin.refuses('usage', ...delegate, '--authority');
    await admin.refuses('usage', 'ucan', 'revoke', 'own.ucan', '--authority');
  });
});

test('what needs no server works beside one that is configured, without asking it', async () => {
  const before = world.server.requests.length;
  await admin.done('ucan', 'inspect', 'own.ucan');
  await admin.done('ucan', 'verify', 'own.ucan');
  await admin.done('identity', 'show', 'admin.pem');
  expect(world.server.requests).toHaveLength(before);
});

test('a delegator without a database signs with the key that asks, and may store the delegation at the server', async () => {
  const person = await createPerson('ci');
  const { did } = await admin.done<{ did: string }>('org', 'show', 'acme');
  const about = ['--audience', person.did, '--subject', did, '--command', '/key/list', '--output', 'ci.ucan'];
  const { iss } = await admin.done<{ iss: string }>('ucan', 'delegate', ...about, '--store');
  expect(iss).toBe((await admin.done<{ did: string }>('identity', 'show', 'admin.pem')).did);
  const { delegations } = await admin.done<{ delegations: { aud: string }[] }>(
    'ucan',
    'list',
    '--audience',
    person.did,
  );
  expect(delegations).toHaveLength(1);
  // The job needs the whole chain: the organisation's word to the authority, the powerline, and this.
  const chain = [admin.read('ci.ucan'), admin.read('powerline.ucan')].map((file, i) => person.cli.write(`${i}`, file));
  const list = ['key', 'list', ...server, '--as', 'ci.pem', ...chain.flatMap((file) => ['--proof', file])];
  await person.cli.refuses('not_authorized', ...list);
  await admin.done('ucan', 'revoke', 'ci.ucan');
  expect(await admin.done('ucan', 'list', '--audience', person.did)).toEqual({ delegations: [] });
});

describe('a revocation', () => {
  test('of what is no power from here is refused, though its delegation is known', async () => {
    const person = await createPerson('una');
    const about = ['--audience', world.authority.identity.did, '--command', '/mail', '--output', 'mail.ucan'];
    await person.cli.done('ucan', 'delegate', '--issuer', 'una.pem', ...about);
    admin.write('mail.ucan', person.cli.read('mail.ucan'));
    await admin.done('ucan', 'import', 'mail.ucan');
    const revoke = ['ucan', 'revoke', 'mail.ucan', '--issuer', 'una.pem', ...server];
    expect((await person.cli.refuses('not_authorized', ...revoke)).message).toContain('--proof');
  });

  test('needs no other key than the one that signs it, where the way to its author is known', async () => {
    const person = await createPerson('ann');
    const acme = await openSigner(world.authority, { organisation: 'acme' });
    await writeTokens(admin, 'to-ann.ucan', [await delegate(acme, person)]);
    await admin.done('ucan', 'import', 'to-ann.ucan');
    const about = ['--subject', acme.did, '--audience', world.authority.identity.did, '--command', '/mail'];
    await person.cli.done('ucan', 'delegate', '--issuer', 'ann.pem', ...about, '--output', 'mail.ucan');
    const revoke = ['ucan', 'revoke', 'mail.ucan', '--issuer', 'ann.pem', ...server];
    expect(await person.cli.done(...revoke)).toMatchObject({ is_new: true, revoked_by: person.did });
    expect(await person.cli.done(...revoke)).toMatchObject({ is_new: false });
  });

  test('of what was never stored is taken with the proofs that lead to its author', async () => {
    const person = await createPerson('eva');
    const acme = await openSigner(world.authority, { organisation: 'acme' });
    await writeTokens(person.cli, 'root.ucan', [await delegate(acme, person)]);
    const about = ['--subject', acme.did, '--audience', world.authority.identity.did, '--command', '/package/sign'];
    await person.cli.done('ucan', 'delegate', '--issuer', 'eva.pem', ...about, '--output', 'given.ucan');
    const revoke = ['ucan', 'revoke', 'given.ucan', '--issuer', 'eva.pem', ...server];
    await person.cli.refuses('not_authorized', ...revoke);
    const revoked = await person.cli.done(...revoke, '--proof', 'root.ucan');
    expect(revoked).toMatchObject({ is_new: true, revoked_by: person.did });
  });
});

describe('unlocking a server', () => {
  test('of this machine takes the passphrase alone', async () => {
    unlocking = [];
    const bare = admin.with({ env: { HANAPER_PROFILE: '' } });
    admin.write('right', `${passphrase}\n`);
    const unlock = ['database', 'unlock', ...server, '--passphrase-file', 'right'];
    expect(await bare.done(...unlock)).toEqual({ did: world.authority.identity.did, locked: false });
    expect(unlocking[0]?.headers.authorization).toBeUndefined();
    admin.write('wrong', 'wrong\n');
    await bare.refusesBoth('wrong_passphrase', 'database', 'unlock', ...server, '--passphrase-file', 'wrong');
  });

  test('goes with an invocation where a key is given', async () => {
    unlocking = [];
    await admin.done('database', 'unlock', '--passphrase-file', 'right');
    const [request] = unlocking;
    const answered = await world.authority.executeContainer((request && containerIn(request)) ?? new Uint8Array());
    expect(answered).toMatchObject({ kind: 'receipt', isReplay: true });
  });

  test('is not done where the authority gives no receipt of it', async () => {
    isSilent = true;
    const refused = await admin.refusesBoth('unavailable', 'database', 'unlock', '--passphrase-file', 'right');
    isSilent = false;
    expect(refused.details).toMatchObject({ may_be_done: true });
  });

  test('of another machine needs https and a key, and sends nothing before', async () => {
    const bare = admin.with({ env: { HANAPER_PROFILE: '' } });
    const pass = ['--passphrase-file', 'right'];
    const unlock = ['database', 'unlock', ...pass];
    await bare.refuses('usage', ...unlock, '--server', 'http://192.0.2.1', '--as', 'admin.pem', '--insecure');
    expect((await bare.refuses('usage', ...unlock, '--server', 'https://192.0.2.1')).message).toContain('--as');
  });

  test('tells nobody the passphrase but the authority that is known', async () => {
    unlocking = [];
    const { did } = await createPerson('other');
    await admin.refuses('authority_changed', 'database', 'unlock', '--passphrase-file', 'right', '--authority', did);
    expect(unlocking).toEqual([]);
  });

  test('is not done with a raw key', async () => {
    admin.write('raw', Buffer.alloc(32, 1));
    await admin.refuses('usage', 'database', 'unlock', '--raw-key-file', 'raw');
  });
});

test('an authorised caller locks a server, which then signs no more', async () => {
  await using other = await createRemoteWorld();
  expect(await other.admin.done('database', 'lock')).toEqual({ did: other.authority.identity.did, locked: true });
  await other.admin.refusesBoth('locked', 'key', 'create', 'new', '--org', 'acme');
  await other.admin.done('key', 'list', '--org', 'acme');
});

test('neither output nor errors show a token, a key or a passphrase', async () => {
  const proof = admin.read('powerline.ucan').toString().trim();
  const pem = admin.read('admin.pem').toString().split('\n')[1] ?? '';
  const runs = [
    ['key', 'list', '--org', 'acme'],
    ['key', 'list', '--org', 'none'],
    ['org', 'create', 'acme'],
    ['database', 'unlock', '--passphrase-file', 'right'],
    ['database', 'unlock', '--passphrase-file', 'wrong'],
    ['key', 'list', '--server', 'http://127.0.0.1:1'],
    ['key', 'list', '--org', 'acme', '--proof', 'no-such-file'],
    ['key', 'list', '--org', 'acme', '--as', 'own.ucan'],
  ];
  for (const args of runs) {
    for (const how of [[], ['--json']]) {
      const { stdout, stderr } = await admin.with({ env: { HANAPER_DEBUG: '1' } }).run(...how, ...args);
      for (const secret of [proof, proof.slice(20, 60), pem, passphrase]) expect(stdout + stderr).not.toContain(secret);
    }
  }
});

describe('a server behind TLS', () => {
  const pass = async (cli: Cli, name: string) => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
    await cli.runProgram('openssl', 'req', '-x509', ...key, '-days', '2', '-out', `${name}.crt`, ...subject);
    return { key: readFileSync(cli.path(`${name}.key`)), cert: readFileSync(cli.path(`${name}.crt`)) };
  };

  test('is trusted by a certificate authority of one’s own, and not without it', async () => {
    const tls = createServer(await pass(admin, 'tls'), async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const { host: _, ...headers } = incoming.headers;
      const body = Buffer.concat(chunks);
      const answered = await fetch(`${world.server.url}${incoming.url}`, {
        method: incoming.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(body.length > 0 && { body }),
      });
      outgoing.writeHead(answered.status, { 'content-type': answered.headers.get('content-type') ?? '' });
      outgoing.end(Buffer.from(await answered.arrayBuffer()));
    });
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(tls.address() as AddressInfo).port}`;
    const own = admin.with({ env: { NODE_EXTRA_CA_CERTS: admin.path('tls.crt') } });
    await own.done('key', 'list', '--org', 'acme', '--server', url);
    const { message } = await admin.refusesBoth('unavailable', 'key', 'list', '--org', 'acme', '--server', url);
    expect(message).toContain('NODE_EXTRA_CA_CERTS');
    tls.closeAllConnections();
    tls.close();
  });
});
