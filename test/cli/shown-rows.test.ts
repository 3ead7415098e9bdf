import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../support/authority.ts';
import type { Cli } from '../support/cli.ts';
import { createRemoteWorld, type RemoteWorld } from '../support/remote.ts';

let world: RemoteWorld;

beforeAll(async () => {
  world = await createRemoteWorld(async (keeper) => {
    await keeper.done('org', 'create', 'globex');
    await keeper.done('acl', 'grant', '--parent', 'globex', '--child', 'acme');
  });
  const url = `sqlite:${join(world.keeper.home, '.local/share/hanaper/hanaper.db')}`;
  for (const [table, column] of [
    ['signing_keys', 'created_at'],
    ['trusted_keys', 'trusted_at'],
    ['key_trust_acls', 'granted_at'],
    ['organizations', 'created_at'],
  ]) {
    await query(url, `update ${table} set ${column} = '2001-01-01T00:00:00.000Z'`);
  }
});

afterAll(() => world[Symbol.asyncDispose]());

test.each([
  ['key', 'list'],
  ['trust', 'list'],
  ['acl', 'list'],
  ['org', 'list'],
])(
  '%s %s marks what somebody has altered, and ends with its code, from the file and over a server',
  async (...args) => {
    for (const cli of [world.keeper, world.admin]) await expectMarked(cli, ...args);
  },
);

async function expectMarked(cli: Cli, noun: string, verb: string): Promise<void> {
  const organisation = noun === 'org' ? [] : ['--org', 'acme'];
  const scripted = await cli.run('--json', noun, verb, ...organisation);
  expect(scripted.status).toBe(3);
  const document = JSON.parse(scripted.stdout);
  expect(document.altered[0]).toMatchObject({ code: 'log_tampered' });
  expect(JSON.stringify(document)).toContain('"altered":true');
  const { status, stdout, stderr } = await cli.run(noun, verb, ...organisation);
  expect(status).toBe(3);
  expect(stdout).toContain('ALTERED');
  expect(stderr).toContain('(log_tampered)');
}
