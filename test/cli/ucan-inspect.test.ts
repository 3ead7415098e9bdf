import { truncateSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { containerEncodings, type Delegation, type Invocation, signRevocation } from '../../src/ucan/index.ts';
import { map } from '../support/cbor.ts';
import { type Cli, createCli, writeTokens } from '../support/cli.ts';
import { cidOf, cidsOfAll, containerOf, unsortedContainerOf } from '../support/tokens.ts';
import {
  chainOf,
  delegate,
  invoke,
  later,
  now,
  type Principal,
  principal,
  principals,
  rawInvocation,
  resign,
} from '../support/ucan.ts';

interface Inspected {
  readonly cid: string;
  readonly [field: string]: unknown;
}

const [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];

let cli: Cli;

beforeAll(async () => {
  cli = await createCli('nonsense');
});

async function inspect(file: string, from: Cli = cli): Promise<readonly Inspected[]> {
  return (await from.done<{ tokens: readonly Inspected[] }>('ucan', 'inspect', file)).tokens;
}

describe('ucan inspect', () => {
  test('shows every field of a delegation', async () => {
    const delegation = await delegate(alice, bob, {
      command: '/package/sign',
      policy: [['==', '.hash', Uint8Array.of(0, 1, 2)]],
      meta: { why: 'the job' },
      nonce: Uint8Array.of(1, 2, 255),
      notBefore: now,
      expiration: later,
    });
    await writeTokens(cli, 'delegation.ucan', [delegation]);
    expect(await inspect('delegation.ucan')).toEqual([
      {
        cid: cidOf(delegation),
        kind: 'delegation',
        version: '1.0.0-rc.1',
        key_type: 'ed25519',
        iss: alice.did,
        aud: bob.did,
        sub: alice.did,
        cmd: '/package/sign',
        pol: [['==', '.hash', { '/': { bytes: 'AAEC' } }]],
        nonce: '0102ff',
        meta: { why: 'the job' },
        nbf: now,
        exp: later,
        is_root: true,
        is_powerline: false,
        signature: 'valid',
        time: 'expired',
      },
    ]);
    const said = await cli.says('ucan', 'inspect', 'delegation.ucan');
    const shown = [
      cidOf(delegation),
      alice.did,
      bob.did,
      '/package/sign',
      '0102ff',
      'the job',
      'AAEC',
      'signature valid',
    ];
    for (const text of [...shown, '2026-01-01T00:00:00.000Z', '2026-01-01T01:00:00.000Z', 'expired']) {
      expect(said).toContain(text);
    }
  });

  test('shows every field of an invocation', async () => {
    const root = await delegate(alice, bob);
    const fields = { audience: carol.did, meta: { a: 1 }, issuedAt: now, cause: root.cid, expiration: 4_000_000_000 };
    const invocation = await invoke(bob, alice, [root], { ...fields, args: { link: root.cid }, version: '1.0.0' });
    await writeTokens(cli, 'invocation.ucan', [invocation]);
    expect(await inspect('invocation.ucan')).toEqual([
      {
        cid: cidOf(invocation),
        kind: 'invocation',
        version: '1.0.0',
        key_type: 'ed25519',
        iss: bob.did,
        aud: carol.did,
        sub: alice.did,
        cmd: '/package/sign',
        args: { link: { '/': cidOf(root) } },
        prf: [cidOf(root)],
        nonce: expect.stringMatching(/^[0-9a-f]{24}$/),
        meta: { a: 1 },
        iat: now,
        exp: 4_000_000_000,
        cause: cidOf(root),
        task: expect.stringMatching(/^zdpu/),
        signature: 'valid',
        time: 'live',
      },
    ]);
    const said = await cli.says('ucan', 'inspect', 'invocation.ucan');
    for (const text of ['invocation', carol.did, 'task', 'cause', cidOf(root), 'live']) expect(said).toContain(text);
  });

  test('says of a powerline that it is one, and of what never ends that it never does', async () => {
    await writeTokens(cli, 'powerline.ucan', [await delegate(alice, bob, { subject: null, notBefore: 4_000_000_000 })]);
    expect(await inspect('powerline.ucan')).toMatchObject([
      { sub: null, exp: null, is_powerline: true, is_root: false },
    ]);
    const said = await cli.says('ucan', 'inspect', 'powerline.ucan');
    for (const text of ['powerline', 'never', 'not yet valid']) expect(said).toContain(text);
  });

  test.each(containerEncodings)('reads %s, from a file and from standard input', async (encoding) => {
    const { delegations, invocation } = await chainOf(3);
    const name = await writeTokens(cli, 'chain.ucan', [invocation, ...delegations], encoding);
    const cids = (tokens: readonly Inspected[]) => tokens.map(({ cid }) => cid).toSorted();
    expect(cids(await inspect(name))).toEqual(cidsOfAll([invocation, ...delegations]).toSorted());
    expect(cids(await inspect('-', cli.with({ input: cli.read(name) })))).toEqual(cids(await inspect(name)));
  });

  test('reads one token without a container, in bytes or base64, with a line end or not', async () => {
    const { bytes, cid } = await delegate(alice, bob);
    const base64 = Buffer.from(bytes).toString('base64');
    const base64url = Buffer.from(bytes).toString('base64url');
    for (const content of [bytes, base64, base64url, `${base64}\n`, `${base64url}\r\n`]) {
      cli.write('token', content);
      expect(await inspect('token')).toMatchObject([{ cid: cidOf({ cid }), signature: 'valid' }]);
    }
  });

  test('reads tokens that lie unsorted or twice in their container', async () => {
    const { delegations, invocation } = await chainOf(2);
    cli.write('unsorted.ucan', unsortedContainerOf([invocation, ...delegations, ...delegations]));
    expect(new Set((await inspect('unsorted.ucan')).map(({ cid }) => cid)).size).toBe(3);
  });

  test('says that a signature is invalid, and shows the token all the same', async () => {
    const forged = resign(await delegate(alice, bob), new Uint8Array(64).fill(7));
    cli.write('forged', forged);
    expect(await inspect('forged')).toMatchObject([{ iss: alice.did, signature: 'invalid' }]);
    expect(await cli.says('ucan', 'inspect', 'forged')).toContain('signature invalid');
    await writeTokens(cli, 'p256.ucan', [await delegate(await principal('dora', 'p256'), bob)]);
    expect(await inspect('p256.ucan')).toMatchObject([{ key_type: 'p256', signature: 'valid' }]);
  });

  test('draws a chain as a tree from the root, whichever way its proofs are listed, and names what is missing', async () => {
    const { people, delegations, invocation } = await chainOf(3);
    const [first, , third] = delegations as [Delegation, Delegation, Delegation];
    const backwards = await invoke(people.at(-1) as Principal, people[0] as Principal, delegations.toReversed());
    for (const each of [invocation, backwards]) {
      await writeTokens(cli, 'chain.ucan', [each, ...delegations]);
      const tree = treeOf(await cli.says('ucan', 'inspect', 'chain.ucan'));
      expect(tree.map((line) => line.search(/\S/))).toEqual([2, 2, 5, 8, 11]);
      for (const [index, token] of [...delegations, each].entries()) expect(tree[index + 1]).toContain(cidOf(token));
    }
    await writeTokens(cli, 'gap.ucan', [invocation, first, third]);
    const [, , missing] = treeOf(await cli.says('ucan', 'inspect', 'gap.ucan'));
    expect(missing).toContain('not in this file');
  });

  test('shows a revocation, whose nonce is empty', async () => {
    const target = await delegate(alice, bob);
    const revocation = await signRevocation(alice, { target: target.cid, reason: 'gone' });
    await writeTokens(cli, 'revocation.ucan', [revocation]);
    expect(await inspect('revocation.ucan')).toMatchObject([
      { cmd: '/ucan/revoke', args: { revoke: { '/': cidOf(target) } }, nonce: '', meta: { reason: 'gone' }, exp: null },
    ]);
  });
});

describe('tokens that could steer a terminal', () => {
  const hostile = '\x1b[31m\x07\r\u009b2j\u202e\u2028\ufeff two\nlines';
  let tokens: readonly (Delegation | Invocation)[];

  beforeAll(async () => {
    const root = await delegate(alice, bob, {
      command: `/a${hostile}`,
      policy: [['==', '.name', hostile]],
      meta: { [hostile]: hostile },
    });
    const invocation = await invoke(bob, alice, [root], { command: `/a${hostile}/b`, args: { [hostile]: [hostile] } });
    tokens = [invocation, root];
  });

  test('are printed harmlessly, by people’s commands and by those for scripts', async () => {
    await writeTokens(cli, 'hostile.ucan', tokens);
    const [, root] = tokens as [Invocation, Delegation];
    await writeTokens(cli, 'root.ucan', [root]);
    const unknownField = await rawInvocation(alice, { [hostile]: hostile });
    cli.write('unknown.raw', unknownField);
    const noCommand = await rawInvocation(alice, { cmd: hostile, args: map({ [hostile]: hostile }) });
    cli.write('command.raw', noCommand);
    const anywhere = cli.with({ env: { HANAPER_DB: '' } });
    for (const file of ['hostile.ucan', 'root.ucan', 'unknown.raw', 'command.raw', hostile]) {
      for (const args of [
        ['inspect', file],
        ['verify', file],
        ['verify', file, '--explain'],
        ['revoke', file, '--issuer', file],
      ]) {
        for (const more of [[], ['--json']]) {
          const { stdout, stderr } = await anywhere.run('ucan', ...args, ...more);
          expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/u);
          expect(stdout + stderr).not.toContain('two\nlines');
        }
      }
    }
  });

  test('keep every character in the document for scripts', async () => {
    await writeTokens(cli, 'hostile.ucan', tokens);
    expect(await inspect('hostile.ucan')).toMatchObject([
      { cmd: `/a${hostile}/b`, args: { [hostile]: [hostile] } },
      { cmd: `/a${hostile}`, meta: { [hostile]: hostile } },
    ]);
  });
});

describe('a file that holds no token', () => {
  test('is refused with the offset or the field at which it goes wrong', async () => {
    const good = Buffer.from((await delegate(alice, bob)).bytes);
    const raw = Buffer.from(await containerOf([{ bytes: good }]), 'latin1');
    const cases: readonly (readonly [Uint8Array | string, number | undefined])[] = [
      ['', 0],
      ['\n', 0],
      ['hello\n', 0],
      [Uint8Array.of(0, 1, 2), 0],
      ['C!!!!', 1],
      ['B====', 1],
      [raw.subarray(0, 40), undefined],
      [good.subarray(0, good.length - 1), undefined],
      [Buffer.concat([good, Buffer.of(0)]), good.length],
      [Uint8Array.of(0x82, 0x58), undefined],
      [Uint8Array.of(0x9f), 0],
      [Uint8Array.of(0x40, 0xa0), undefined],
      [Uint8Array.of(0x4d, 1, 2, 3), undefined],
      [await rawInvocation(alice, { exp: 1.5 }), undefined],
    ];
    for (const [content, offset] of cases) {
      cli.write('hostile', content);
      const { details } = await cli.refusesBoth('malformed_token', 'ucan', 'inspect', 'hostile');
      const where = details['offset'] ?? details['field'] ?? details['reason'];
      expect(where).toBeDefined();
      if (offset !== undefined) expect(details['offset']).toBe(offset);
    }
  });

  test('is refused where it is not there, a folder, endless, or larger than any container', async () => {
    cli.write('huge', '');
    truncateSync(cli.path('huge'), 1_048_577);
    for (const file of ['missing', '.', '/dev/zero', 'huge'])
      await cli.refusesBoth('bad_input', 'ucan', 'inspect', file);
    await cli.refusesBoth('usage', 'ucan', 'inspect');
    await cli.refusesBoth('usage', 'ucan', 'inspect', 'huge', 'huge');
  });

  test('is refused where it would unzip to more than a container may hold', async () => {
    cli.write('bomb', Buffer.concat([Buffer.of(0x4d), gzipSync(Buffer.alloc(64 * 1024 * 1024))]));
    const { status, stderr } = await cli.run('ucan', 'inspect', 'bomb');
    expect(status).toBe(8);
    expect(stderr).toMatch(/\((malformed_token|too_large)\)\n$/);
  });
});

function treeOf(said: string): readonly string[] {
  const lines = said.split('\n');
  const start = lines.findIndex((line) => line.startsWith('  subject '));
  return lines.slice(
    start,
    lines.findIndex((line, index) => index > start && !line.includes('└─')),
  );
}
