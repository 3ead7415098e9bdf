import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized, type Finished } from '../support/cli.ts';
import { createServedWorld, type ServedWorld } from '../support/remote.ts';

const acme = ['--org', 'acme'];
const seed = createHash('sha256').update('a seed').digest();
const fingerprint = '0'.repeat(64);

// In this order, each on what those before it have left.
const steps: readonly (readonly string[])[] = [
  ['org', 'list'],
  ['org', 'show', 'acme'],
  ['key', 'list'],
  ['org', 'create', 'globex'],
  ['org', 'create', 'globex'],
  ['org', 'create', 'Not a name'],
  ['org', 'list'],
  ['org', 'show', 'none'],
  ['org', 'set', 'acme', '--hash-signatures', 'on'],
  ['org', 'set', 'acme', '--public-verification', 'on', '--hash-signatures', 'on'],
  ['org', 'set', 'acme'],
  ['org', 'show', 'acme'],
  ['key', 'list'],
  ['key', 'create', 'second'],
  ['key', 'create', 'second', ...acme],
  ['key', 'create', 'second', ...acme],
  ['key', 'create', 'untrusted', '--no-trust', ...acme],
  ['key', 'create', 'Not a name', ...acme],
  ['key', 'import', 'theirs', 'seed', ...acme],
  ['key', 'import', 'again', 'seed', ...acme],
  ['key', 'import', 'nothing', 'no-such-file', ...acme],
  ['key', 'import', 'weak', 'weak', ...acme],
  ['key', 'list', ...acme],
  ['key', 'show', 'release', ...acme],
  ['key', 'show', 'none', ...acme],
  ['key', 'export', 'theirs', ...acme],
  ['key', 'export', 'theirs', '--output', 'theirs.pem', ...acme],
  ['key', 'export', 'none', ...acme],
  ['key', 'revoke', 'second', ...acme],
  ['key', 'revoke', 'second', ...acme],
  ['trust', 'add', 'theirs.pem', '--org', 'globex'],
  ['trust', 'add', 'theirs.pem', '--org', 'globex'],
  ['trust', 'list', '--org', 'globex'],
  ['trust', 'revoke', fingerprint, '--org', 'globex'],
  ['trust', 'revoke', 'short', '--org', 'globex'],
  ['acl', 'grant', '--parent', 'globex', '--child', 'acme'],
  ['acl', 'grant', '--parent', 'globex', '--child', 'acme'],
  ['acl', 'grant', '--parent', 'globex', '--child', 'globex'],
  ['acl', 'grant', '--parent', 'globex', '--child', 'none'],
  ['acl', 'list', '--org', 'globex'],
  ['trust', 'list', '--org', 'globex'],
  ['acl', 'revoke', '--parent', 'globex', '--child', 'acme'],
  ['acl', 'revoke', '--parent', 'globex', '--child', 'acme'],
  ['package', 'sign', 'file', '--key', 'release', '--expires', '90d', ...acme],
  ['package', 'sign', 'file', '--key', 'release', '--format', 'v1', '--store', ...acme],
  ['package', 'sign', 'file', '--key', 'theirs', '--name', 'other', ...acme],
  ['package', 'sign', 'file', '--key', 'second', ...acme],
  ['package', 'sign', 'file', '--key', 'none', ...acme],
  ['package', 'sign', 'file', '--key', 'release', '--expires', '2020-01-01T00:00:00Z', ...acme],
  ['package', 'sign', 'no-such-file', '--key', 'release', ...acme],
  ['package', 'sign', 'empty', '--key', 'release', ...acme],
  ['package', 'signatures', 'file'],
  ['package', 'attach', 'file', ...acme],
  ['package', 'attach', 'file', '--name', 'other', ...acme],
  ['package', 'attach', 'changed', '--signature', 'file.sig', ...acme],
  ['package', 'attach', 'file', '--org', 'globex'],
  ['package', 'attach', 'changed', ...acme],
  ['package', 'signatures', 'file'],
  ['ucan', 'list'],
  ['ucan', 'import', 'theirs.ucan'],
  ['ucan', 'import', 'theirs.ucan'],
  ['ucan', 'import', 'seed'],
  ['ucan', 'list', '--command', '/mail'],
  ['ucan', 'revoke', 'theirs.ucan', '--issuer', 'theirs.key', '--reason', 'gone'],
  ['ucan', 'revoke', 'theirs.ucan', '--issuer', 'theirs.key', '--reason', 'gone'],
  ['ucan', 'revoke', 'theirs.ucan', '--issuer', 'others.key'],
  ['ucan', 'list', '--command', '/mail'],
  ['ucan', 'list', '--command', '/mail', '--revoked'],
  ['ucan', 'prune'],
];

// What is another each time, or in each database.
const changing: readonly (readonly [RegExp, string])[] = [
  [/did:key:z[1-9A-HJ-NP-Za-km-z]+/g, 'DID'],
  [/zdpu[1-9A-HJ-NP-Za-km-z]+/g, 'CID'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, 'TIME'],
  [/[0-9a-f]{64}/g, 'HEX'],
  [/[A-Za-z0-9+/]{60,}={0,2}/g, 'BASE64'],
];

function normalise({ status, stdout, stderr }: Finished) {
  const clean = (text: string) => changing.reduce((before, [pattern, word]) => before.replace(pattern, word), text);
  return { status, stdout: withoutDetails(clean(stdout)), stderr: clean(stderr) };
}

// A receipt has the code and the message of an error, and no more.
function withoutDetails(text: string): string {
  return text.startsWith('{\n  "error"') ? text.replace(/,\n {4}"details": [\s\S]*/, '') : text;
}

/** The same files for everybody. */
async function prepare(cli: Cli): Promise<void> {
  cli.write('seed', seed);
  cli.write('weak', Buffer.alloc(32, 7));
  cli.write('file', 'a package');
  cli.write('changed', 'another package');
  cli.write('empty', '');
  for (const name of ['theirs', 'others']) cli.write(`${name}.key`, createHash('sha256').update(name).digest('hex'));
  const audience = 'did:key:z6MkixfGLHDcPhGaP7L7oRx5rWMmfoDcoaQ7bsSF2jaRyXbL';
  const about = [
    '--audience',
    audience,
    '--command',
    '/mail',
    '--output',
    'theirs.ucan',
    '--expires',
    '2099-01-01T00:00:00Z',
  ];
  await cli.done('ucan', 'delegate', '--issuer', 'theirs.key', ...about);
}

describe.each([
  ['a document', ['--json']],
  ['lines', []],
] as const)('over a server a verb prints the same as at the database, as %s', (_, how) => {
  let local: Cli;
  let remote: Cli;
  let world: ServedWorld;

  beforeAll(async () => {
    local = await createInitialized();
    world = await createServedWorld();
    remote = world.admin;
    await prepare(local);
    await prepare(remote);
  });

  afterAll(async () => world[Symbol.asyncDispose]());

  test('whatever it is, refusals included', async () => {
    for (const step of steps) {
      const [here, there] = await Promise.all([local.run(...how, ...step), remote.run(...how, ...step)]);
      expect({ step, ...normalise(there) }).toEqual({ step, ...normalise(here) });
    }
  }, 240_000);
});
