import { beforeAll, describe, expect, test } from 'vitest';
import type { Delegation } from '../../src/ucan/index.ts';
import { query } from '../support/authority.ts';
import { type Cli, createCli, createInitialized, writeKey, writeTokens } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { cidOf, cidsOfAll } from '../support/tokens.ts';
import { delegate, type Principal, principals } from '../support/ucan.ts';

interface List {
  readonly delegations: readonly { readonly cid: string; readonly state: string; readonly [field: string]: unknown }[];
}

const [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];
const past = 1_600_000_000;
const future = 4_000_000_000;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let cli: Cli;
  let acme: string;
  let live: Delegation;
  let powerline: Delegation;
  let expired: Delegation;
  let early: Delegation;
  let revoked: Delegation;
  let below: Delegation;

  beforeAll(async () => {
    url = await engine.createUrl();
    cli = await createInitialized(url);
    ({ did: acme } = await cli.done<{ did: string }>('org', 'show', 'acme'));
    writeKey(cli, 'alice', alice);
    live = await delegate(alice, bob, { command: '/package/sign', expiration: future, policy: [['==', '.name', 'x']] });
    powerline = await delegate(alice, carol, { subject: null });
    expired = await delegate(alice, bob, { command: '/org/old', expiration: past });
    early = await delegate(alice, bob, { command: '/org/new', notBefore: future });
    revoked = await delegate(alice, bob, { command: '/key' });
    below = await delegate(bob, carol, { subject: alice.did, command: '/key/create' });
    await writeTokens(cli, 'all.ucan', [live, powerline, expired, early, revoked, below]);
    await cli.done('ucan', 'import', 'all.ucan');
    await cli.done('ucan', 'revoke', cidOf(revoked), '--issuer', 'alice.key');
  });

  const list = async (...options: readonly string[]) => {
    const { delegations } = await cli.done<List>('ucan', 'list', ...options);
    return delegations.map(({ cid }) => cid).toSorted();
  };
  const cids = (...delegations: readonly Delegation[]) => cidsOfAll(delegations).toSorted();

  test('ucan list shows what is live, and the rest where that is asked for', async () => {
    const byAlice = ['--issuer', alice.did];
    expect(await list(...byAlice)).toEqual(cids(live, powerline));
    expect(await list(...byAlice, '--expired')).toEqual(cids(live, powerline, expired, early));
    expect(await list(...byAlice, '--revoked')).toEqual(cids(live, powerline, revoked));
    expect(await list(...byAlice, '--revoked', '--expired')).toEqual(cids(live, powerline, expired, early, revoked));
    expect(await list('--issuer', bob.did)).toEqual([]);
    expect(await list('--issuer', bob.did, '--revoked')).toEqual(cids(below));
    const { delegations } = await cli.done<List>('ucan', 'list', '--subject', alice.did, '--revoked', '--expired');
    const states = Object.fromEntries(delegations.map(({ cid, state }) => [cid, state]));
    expect(states).toMatchObject({
      [cidOf(live)]: 'live',
      [cidOf(expired)]: 'expired',
      [cidOf(early)]: 'not_yet_valid',
      [cidOf(revoked)]: 'revoked',
      [cidOf(below)]: 'revoked',
    });
  });

  test('ucan list is narrowed by audience, issuer, subject and command', async () => {
    expect(await list('--audience', bob.did)).toEqual(cids(live));
    expect(await list('--audience', bob.did, '--command', '/package/sign')).toEqual(cids(live));
    expect(await list('--audience', bob.did, '--command', '/package/sign/x')).toEqual(cids(live));
    expect(await list('--audience', bob.did, '--command', '/package/signature')).toEqual([]);
    expect(await list('--audience', bob.did, '--command', '/package')).toEqual([]);
    expect(await list('--subject', alice.did, '--issuer', alice.did)).toContain(cidOf(live));
    expect(await list('--subject', acme)).not.toContain(cidOf(live));
    expect(await list('--audience', carol.did)).toEqual(cids(powerline));
  });

  test('ucan list gives every field in its document, and columns to people', async () => {
    const { delegations } = await cli.done<List>('ucan', 'list', '--audience', bob.did);
    expect(delegations).toEqual([
      {
        cid: cidOf(live),
        iss: alice.did,
        aud: bob.did,
        sub: alice.did,
        cmd: '/package/sign',
        pol: [['==', '.name', 'x']],
        exp: future,
        is_root: true,
        is_powerline: false,
        created_at: expect.stringMatching(/^\d{4}-/),
        state: 'live',
      },
    ]);
    const said = await cli.says('ucan', 'list', '--revoked', '--expired');
    expect(said).toMatch(/^CID +COMMAND +ISSUER +AUDIENCE +SUBJECT +EXPIRES +STATE\n/);
    for (const text of [cidOf(below), 'powerline', 'never', 'not yet valid', 'revoked', 'expired']) {
      expect(said).toContain(text);
    }
  });

  test('ucan list needs no passphrase, and says where to go on where there is nothing', async () => {
    const locked = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    const said = await locked.says('ucan', 'list', '--issuer', carol.did);
    expect(said).toContain('hanaper ucan delegate');
    expect(said).toContain('--revoked');
    expect(await locked.done<List>('ucan', 'list', '--issuer', carol.did)).toEqual({ delegations: [] });
  });

  test('ucan list refuses what is no DID and no command', async () => {
    for (const option of ['--audience', '--issuer', '--subject'])
      await cli.refusesBoth('bad_input', 'ucan', 'list', option, 'bob');
    for (const command of ['package', '/package/', '/Package', '']) {
      await cli.refuses('bad_input', 'ucan', 'list', '--command', command);
    }
    await cli.refuses('usage', 'ucan', 'list', 'extra');
  });

  test('ucan show shows one by its CID, whatever its state, and writes its token to a file', async () => {
    expect(await cli.done('ucan', 'show', cidOf(live))).toMatchObject({ cid: cidOf(live), state: 'live' });
    const said = await cli.says('ucan', 'show', cidOf(revoked), '--output', 'shown.ucan');
    for (const text of [cidOf(revoked), 'revoked', `by ${alice.did}`, 'shown.ucan']) expect(said).toContain(text);
    const { tokens } = await cli.done<{ tokens: { cid: string }[] }>('ucan', 'inspect', 'shown.ucan');
    expect(tokens.map(({ cid }) => cid)).toEqual([cidOf(revoked)]);
    await cli.refusesBoth('bad_input', 'ucan', 'show', 'bob');
    const unstored = await delegate(carol, bob);
    await cli.refusesBoth('not_found', 'ucan', 'show', cidOf(unstored), '--output', 'unstored.ucan');
    expect(cli.has('unstored.ucan')).toBe(false);
  });

  test('ucan revoked succeeds for what is known and not revoked alone', async () => {
    expect(await cli.done('ucan', 'revoked', cidOf(live))).toMatchObject({ revoked: false, state: 'live' });
    expect(await cli.says('ucan', 'revoked', cidOf(expired))).toContain('not revoked (expired)');
    for (const each of [revoked, below]) await cli.refusesBoth('token_revoked', 'ucan', 'revoked', cidOf(each));
    await cli.refusesBoth('not_found', 'ucan', 'revoked', cidOf(await delegate(carol, bob)));
    const unstored = await delegate(alice, bob, { command: '/unstored' });
    await writeTokens(cli, 'unstored.ucan', [unstored]);
    await cli.done('ucan', 'revoke', 'unstored.ucan', '--issuer', 'alice.key');
    await cli.refusesBoth('token_revoked', 'ucan', 'revoked', cidOf(unstored));
  });

  // The last one, since it removes what the others look at.
  test('ucan prune removes what expired, and nothing else', async () => {
    const before = (await query(url, 'select id from ucan_delegations')).length;
    const revocations = (await query(url, 'select id from ucan_revocations')).length;
    await cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } }).refuses('locked', 'ucan', 'prune');
    expect(await cli.done('ucan', 'prune')).toEqual({ removed: 1 });
    expect(await cli.says('ucan', 'prune')).toMatch(/^0 /);
    expect(await list('--expired', '--revoked', '--audience', bob.did)).toEqual(cids(live, early, revoked));
    expect((await query(url, 'select id from ucan_delegations')).length).toBe(before - 1);
    expect((await query(url, 'select id from ucan_revocations')).length).toBe(revocations);
  });
});

test.each([
  ['list'],
  ['prune'],
  ['import', 'pass'],
  ['revoke', 'zdpuAtny4KgRYCPGyCcynk6VmzsE7g3ea9tKyAvuevxFoek2F', '--org', 'acme'],
  ['delegate', '--org', 'acme', '--audience', bob.did, '--command', '/a'],
])('ucan %s needs a database that is initialised', async (...args) => {
  const cli = await createCli('sqlite:missing.db');
  await writeTokens(cli, 'pass', [await delegate(alice, bob)]);
  await cli.refusesBoth('not_initialized', 'ucan', ...args);
  expect(cli.has('missing.db')).toBe(false);
});
