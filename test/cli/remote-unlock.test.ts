import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cli, cheap, createCli } from '../support/cli.ts';
import { createServedWorld, type ServedWorld } from '../support/remote.ts';

// Passphrases that are wrong are slowed, so there is only one.
describe('a server that was started without its passphrase', () => {
  let world: ServedWorld;
  let admin: Cli;
  let server: readonly string[];

  beforeAll(async () => {
    const keeper = await createCli();
    await keeper.done('init', '--org', 'acme', ...cheap);
    world = await createServedWorld(keeper, { HANAPER_PASSPHRASE_FILE: '' });
    admin = world.admin;
    server = ['--server', world.url];
  });

  afterAll(async () => world[Symbol.asyncDispose]());

  test('reads, and signs nothing, until it is unlocked with the passphrase', async () => {
    await admin.done('org', 'list');
    await admin.refuses('locked', 'key', 'create', 'release', '--org', 'acme');
    const { did } = await world.keeper.done<{ did: string }>('status');
    expect(await world.keeper.done('database', 'unlock', ...server)).toEqual({ did, locked: false });
    await admin.done('key', 'create', 'release', '--org', 'acme');
  });

  test('is locked and unlocked by an authorised key', async () => {
    expect(await admin.done('database', 'lock')).toMatchObject({ locked: true });
    const again = await admin.says('database', 'lock');
    expect(again).toContain('was locked already');
    expect(again).toContain(`hanaper database unlock --server ${world.url}`);
    expect(await admin.done('database', 'lock')).toMatchObject({ locked: true });
    await admin.refuses('locked', 'key', 'create', 'second', '--org', 'acme');
    admin.write('pass', world.keeper.read('pass'));
    expect(await admin.done('database', 'unlock', '--passphrase-file', 'pass')).toMatchObject({ locked: false });
    await admin.done('key', 'create', 'second', '--org', 'acme');
    await admin.done('database', 'unlock', '--passphrase-file', 'pass');
  });

  test('is opened by no other passphrase', async () => {
    admin.write('wrong', 'another passphrase 88\n');
    await admin.done('database', 'lock');
    await admin.refuses('wrong_passphrase', 'database', 'unlock', '--passphrase-file', 'wrong');
    await admin.refuses('locked', 'key', 'create', 'third', '--org', 'acme');
  });
});
