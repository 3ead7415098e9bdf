import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Delegation } from '../../src/ucan/index.ts';
import { query } from '../support/authority.ts';
import { type Cli, createCli, createInitialized, writeKey, writeTokens } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { cidOf, cidsOfAll } from '../support/tokens.ts';
import { delegate, type Principal, principals } from '../support/ucan.ts';

interface Revoked {
  readonly cid: string;
  readonly revoked_by: string;
  readonly revoked_at: string;
  readonly is_new: boolean;
  readonly fallen: readonly string[];
}

let alice: Principal;
let bob: Principal;
let carol: Principal;
let dave: Principal;
let count = 0;

/** Four people who are like no others, with their keys in files of their names. */
async function createPeople(cli: Cli): Promise<void> {
  count += 1;
  const names = ['alice', 'bob', 'carol', 'dave'];
  const people = await principals(...names.map((name) => `${name} ${count}`));
  for (const [index, who] of people.entries()) writeKey(cli, names[index] ?? '', who);
  [alice, bob, carol, dave] = people as [Principal, Principal, Principal, Principal];
}

/** A chain that is like no other, from Alice by Bob and Carol to Dave. */
async function createChain(): Promise<[Delegation, Delegation, Delegation]> {
  const about = { subject: alice.did, command: '/package' };
  return [await delegate(alice, bob, about), await delegate(bob, carol, about), await delegate(carol, dave, about)];
}

describe.each(engines)('ucan revoke: $name', (engine) => {
  let url: string;
  let cli: Cli;
  let top: Delegation;
  let middle: Delegation;
  let leaf: Delegation;

  beforeAll(async () => {
    url = await engine.createUrl();
    cli = await createInitialized(url);
  });

  beforeEach(async () => {
    await createPeople(cli);
    [top, middle, leaf] = await createChain();
    await writeTokens(cli, 'top.ucan', [top]);
    await writeTokens(cli, 'middle.ucan', [middle]);
    await writeTokens(cli, 'leaf.ucan', [leaf]);
    await writeTokens(cli, 'chain.ucan', [top, middle, leaf]);
  });

  const revoke = (what: string, ...options: readonly string[]) => cli.done<Revoked>('ucan', 'revoke', what, ...options);
  const countRevocations = async () => (await query(url, 'select id from ucan_revocations')).length;

  test('by CID and by file, as its issuer with a key file, says what falls with it', async () => {
    await cli.done('ucan', 'import', 'chain.ucan');
    const document = await revoke(cidOf(top), '--issuer', 'alice.key', '--reason', 'the job is gone');
    expect(document).toMatchObject({ cid: cidOf(top), revoked_by: alice.did, is_new: true });
    expect(document.fallen.toSorted()).toEqual(cidsOfAll([top, middle, leaf]).toSorted());
    expect(document.revoked_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    await createPeople(cli);
    const fresh = await createChain();
    await writeTokens(cli, 'fresh.ucan', fresh);
    await cli.done('ucan', 'import', 'fresh.ucan');
    await writeTokens(cli, 'target.ucan', [fresh[1]]);
    const said = await cli.says('ucan', 'revoke', 'target.ucan', '--issuer', 'bob.key');
    for (const text of [cidOf(fresh[1]), bob.did, cidOf(fresh[2])]) expect(said).toContain(text);
    expect(said).not.toContain(cidOf(fresh[0]));
  });

  test('as an organisation, and as the authority', async () => {
    for (const who of [['--org', 'acme'], ['--authority']]) {
      const claims = ['--audience', bob.did, '--command', '/package/sign', '--output', 'given.ucan'];
      const { cid, iss } = await cli.done<{ cid: string; iss: string }>('ucan', 'delegate', ...who, ...claims);
      expect(await revoke('given.ucan', ...who)).toMatchObject({ cid, revoked_by: iss, is_new: true });
      await cli.refuses('token_revoked', 'ucan', 'verify', 'given.ucan');
    }
  });

  test('twice changes nothing, and is no error', async () => {
    const first = await revoke('top.ucan', '--issuer', 'alice.key');
    const count = await countRevocations();
    const second = await revoke('top.ucan', '--issuer', 'alice.key', '--reason', 'another');
    expect(second).toEqual({ ...first, is_new: false, fallen: [] });
    expect(await countRevocations()).toBe(count);
    expect(await cli.says('ucan', 'revoke', 'top.ucan', '--issuer', 'alice.key')).toContain(first.revoked_at);
  });

  test('by one above it needs the chain, from the database or by --path, as files or CIDs in their order', async () => {
    await cli.refuses('not_authorized', 'ucan', 'revoke', 'leaf.ucan', '--issuer', 'alice.key');
    const files = ['--path', 'top.ucan', '--path', 'middle.ucan'];
    expect(await revoke('leaf.ucan', '--issuer', 'alice.key', ...files)).toMatchObject({ is_new: true });
    await cli.refuses('not_authorized', 'ucan', 'revoke', 'leaf.ucan', '--issuer', 'bob.key', '--path', 'middle.ucan');
    expect(await revoke('leaf.ucan', '--issuer', 'bob.key', ...files)).toMatchObject({ is_new: true });

    await createPeople(cli);
    const stored = await createChain();
    await writeTokens(cli, 'stored.ucan', stored);
    await cli.done('ucan', 'import', 'stored.ucan');
    expect(await revoke(cidOf(stored[2]), '--issuer', 'alice.key')).toMatchObject({ is_new: true });

    await createPeople(cli);
    const mixed = await createChain();
    await writeTokens(cli, 'first.ucan', [mixed[0]]);
    await writeTokens(cli, 'second.ucan', [mixed[1]]);
    await writeTokens(cli, 'third.ucan', [mixed[2]]);
    await cli.done('ucan', 'import', 'second.ucan');
    const path = ['--path', 'first.ucan', '--path', cidOf(mixed[1])];
    expect(await revoke('third.ucan', '--issuer', 'alice.key', ...path)).toMatchObject({ is_new: true });
  });

  test('by one above it takes the chain from one container too, which keeps no order', async () => {
    for (let i = 0; i < 4; i++) {
      await createPeople(cli);
      const [first, second, third] = await createChain();
      await writeTokens(cli, 'above.ucan', [first, second]);
      await writeTokens(cli, 'third.ucan', [third]);
      const document = await revoke('third.ucan', '--issuer', 'alice.key', '--path', 'above.ucan');
      expect(document).toMatchObject({ cid: cidOf(third), is_new: true });
    }
  });

  test('is refused to strangers and to those below, and leaves no trace', async () => {
    await cli.done('ucan', 'import', 'chain.ucan');
    const before = await countRevocations();
    for (const [file, who] of [
      ['top.ucan', ['--issuer', 'dave.key']],
      ['top.ucan', ['--issuer', 'bob.key']],
      ['middle.ucan', ['--issuer', 'carol.key']],
      ['leaf.ucan', ['--issuer', 'dave.key']],
      ['leaf.ucan', ['--org', 'acme']],
      ['leaf.ucan', ['--authority']],
      ['top.ucan', ['--issuer', 'bob.key', '--path', 'middle.ucan']],
      ['leaf.ucan', ['--issuer', 'dave.key', '--path', 'leaf.ucan']],
    ] as const) {
      const { details } = await cli.refusesBoth('not_authorized', 'ucan', 'revoke', file, ...who);
      expect(details).toHaveProperty('revoked_by');
    }
    expect(await countRevocations()).toBe(before);
    expect(await cli.done('ucan', 'verify', 'leaf.ucan')).toMatchObject({ valid: true });
  });

  test('takes one revoker, and one delegation', async () => {
    for (const who of [
      ['--org', 'acme', '--authority'],
      ['--org', 'acme', '--issuer', 'alice.key'],
    ]) {
      await cli.refusesBoth('usage', 'ucan', 'revoke', 'top.ucan', ...who);
    }
    await cli.refuses('usage', 'ucan', 'revoke', '--issuer', 'alice.key');
    await cli.refusesBoth('usage', 'ucan', 'revoke', 'chain.ucan', '--issuer', 'alice.key');
    await cli.refusesBoth('bad_input', 'ucan', 'revoke', 'nothing', '--issuer', 'alice.key');
    await cli.refusesBoth('bad_input', 'ucan', 'revoke', 'top.ucan', '--issuer', 'alice.key', '--path', 'nothing');
    await cli.refusesBoth('malformed_token', 'ucan', 'revoke', 'alice.key', '--issuer', 'alice.key');
    await cli.refusesBoth('not_found', 'ucan', 'revoke', cidOf(top), '--issuer', 'alice.key');
  });

  test('takes a CID in base32 as well', async () => {
    await cli.done('ucan', 'import', 'top.ucan');
    expect(await revoke(top.cid.toString(), '--issuer', 'alice.key')).toMatchObject({ cid: cidOf(top) });
  });

  test('comes before its target where the path to it is claimed', async () => {
    const document = await revoke(cidOf(top), '--issuer', 'alice.key', '--path', cidOf(top));
    expect(document).toMatchObject({ is_new: true });
    await cli.done('ucan', 'import', 'top.ucan');
    await cli.refuses('token_revoked', 'ucan', 'verify', 'top.ucan');
    expect(
      (await cli.done<{ delegations: { cid: string }[] }>('ucan', 'list')).delegations.map(({ cid }) => cid),
    ).not.toContain(cidOf(top));
  });

  test('with --output writes a token that counts once it is imported', async () => {
    const before = await countRevocations();
    const document = await cli.done(
      'ucan',
      'revoke',
      'leaf.ucan',
      '--issuer',
      'carol.key',
      '--output',
      'revocation.ucan',
    );
    expect(document).toMatchObject({
      kind: 'invocation',
      cmd: '/ucan/revoke',
      iss: carol.did,
      output: 'revocation.ucan',
    });
    expect(await countRevocations()).toBe(before);
    await cli.done('ucan', 'verify', 'leaf.ucan');
    expect(await cli.done('ucan', 'import', 'revocation.ucan')).toMatchObject({ revoked: [cidOf(leaf)] });
    await cli.refuses('token_revoked', 'ucan', 'verify', 'leaf.ucan');
    expect(await cli.done('ucan', 'import', 'revocation.ucan')).toMatchObject({ revoked: [cidOf(leaf)] });
    expect(await countRevocations()).toBe(before + 1);
  });
});

describe('ucan revoke --output', () => {
  test('opens no database, and tells where the token counts', async () => {
    const cli = (await createCli('nonsense')).with({ env: { HANAPER_PASSPHRASE_FILE: '/no/such/file' } });
    await createPeople(cli);
    const [top] = await createChain();
    await writeTokens(cli, 'top.ucan', [top]);
    for (const what of ['top.ucan', cidOf(top)]) {
      const said = await cli.says('ucan', 'revoke', what, '--issuer', 'alice.key', '--output', 'revocation.ucan');
      expect(said).toContain('hanaper ucan import revocation.ucan');
      const { tokens } = await cli.done<{ tokens: readonly object[] }>('ucan', 'inspect', 'revocation.ucan');
      expect(tokens[0]).toMatchObject({
        cmd: '/ucan/revoke',
        args: { revoke: { '/': cidOf(top) } },
        signature: 'valid',
      });
    }
  });
});
