import { beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { type Delegation, decodeDelegation, type Invocation } from '../../src/ucan/index.ts';
import { type Cli, createCli, writeTokens } from '../support/cli.ts';
import { cidOf, cidsOfAll, type HasBytes } from '../support/tokens.ts';
import {
  chainOf,
  delegate,
  invoke,
  later,
  now,
  type Principal,
  principals,
  resign,
  type TestChain,
} from '../support/ucan.ts';

interface Walk {
  readonly chains: readonly { readonly links: readonly Link[] }[];
}
interface Link {
  readonly cid: string;
  readonly kind: string | null;
  readonly rules: readonly { readonly rule: string; readonly held: boolean; readonly code: string | null }[];
}

const [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];
const at = (seconds: number) => ['--at', new Date(seconds * 1000).toISOString()];

let cli: Cli;

beforeAll(async () => {
  cli = await createCli();
});

/** Verifies tokens at the time of these tests. */
const verify = async (tokens: readonly HasBytes[], ...options: readonly string[]) => [
  ...['ucan', 'verify', await writeTokens(cli, 'given.ucan', tokens), ...at(now)],
  ...options,
];

const tokensOf = ({ invocation, delegations }: TestChain): readonly (Invocation | Delegation)[] => [
  invocation,
  ...delegations,
];

describe('ucan verify of an invocation', () => {
  test('accepts it with its chain, and says what it allows and what was consulted', async () => {
    const chain = await chainOf(3, () => ({ policy: [['==', '.name', 'x']] }), { args: { name: 'x' } });
    const given = await verify(tokensOf(chain));
    const document = await cli.done<Walk>(...given);
    expect(document).toMatchObject({ valid: true, revocations: 'no database' });
    expect(document.chains[0]?.links.map(({ cid }) => cid)).toEqual(
      cidsOfAll([...chain.delegations, chain.invocation]),
    );
    const said = await cli.says(...given);
    const { issuer, subject, command } = chain.invocation;
    for (const text of [issuer, subject, command, '{"name":"x"}', 'no database']) expect(said).toContain(text);
  });

  test('takes proofs from other files, in any order and encoding, as a file or from standard input', async () => {
    const chain = await chainOf(3);
    const [first, second, third] = chain.delegations as [Delegation, Delegation, Delegation];
    await writeTokens(cli, 'some.ucan', [third, first], 'raw-gzip');
    cli.write('second', Buffer.from(second.bytes).toString('base64'));
    const proofs = ['--proof', 'second', '--proof', 'some.ucan'];
    await cli.done(...(await verify([chain.invocation], ...proofs)));
    const piped = cli.with({ input: cli.read('given.ucan') });
    await piped.done('ucan', 'verify', '-', ...at(now), ...proofs);
  });

  test('accepts proofs that are listed from the leaf to the root', async () => {
    const { people, delegations } = await chainOf(3);
    const invocation = await invoke(people.at(-1) as Principal, people[0] as Principal, delegations.toReversed());
    await cli.done(...(await verify([invocation, ...delegations])));
  });

  test('accepts the last second of its time, and the first', async () => {
    const tokens = tokensOf(await chainOf(2, () => ({ notBefore: now, expiration: later + 60 })));
    for (const seconds of [now, later]) await cli.done(...(await verify(tokens, ...at(seconds))));
    await cli.refusesBoth('token_not_yet_valid', ...(await verify(tokens, ...at(now - 1))));
    await cli.refusesBoth('token_expired', ...(await verify(tokens, ...at(later + 1))));
  });

  test('asks nothing of the audience unless it is told who executes', async () => {
    const self = await invoke(alice, alice);
    await cli.done(...(await verify([self], '--audience', alice.did)));
    await cli.refusesBoth('audience_mismatch', ...(await verify([self], '--audience', bob.did)));
    const addressed = await invoke(alice, alice, [], { audience: bob.did });
    await cli.done(...(await verify([addressed])));
    await cli.done(...(await verify([addressed], '--audience', bob.did)));
    await cli.refusesBoth('audience_mismatch', ...(await verify([addressed], '--audience', alice.did)));
  });

  type Case = readonly [string, ErrorCode, () => Promise<readonly HasBytes[]>];
  const root = () => delegate(alice, bob, { command: '/package' });
  const cases: readonly Case[] = [
    ['that expired', 'token_expired', async () => [await invoke(alice, alice, [], { expiration: now - 1 })]],
    ['whose proof expired', 'token_expired', async () => tokensOf(await chainOf(3, expireAt(1)))],
    [
      'whose proof is not valid yet',
      'token_not_yet_valid',
      async () => tokensOf(await chainOf(2, () => ({ notBefore: now + 1 }))),
    ],
    [
      'by another than its proof is to',
      'audience_mismatch',
      async () => {
        const proof = await root();
        return [await invoke(carol, alice, [proof]), proof];
      },
    ],
    [
      'with a chain that has a gap',
      'audience_mismatch',
      async () => {
        const [first, last] = [await root(), await delegate(carol, bob, { subject: alice.did, command: '/package' })];
        return [await invoke(bob, alice, [first, last]), first, last];
      },
    ],
    [
      'on the power of another',
      'subject_mismatch',
      async () => {
        const proof = await root();
        return [await invoke(bob, carol, [proof]), proof];
      },
    ],
    [
      'of a command that was not delegated',
      'command_not_covered',
      async () => {
        const proof = await root();
        return [await invoke(bob, alice, [proof], { command: '/packages' }), proof];
      },
    ],
    [
      'whose chain grows wider',
      'command_not_covered',
      async () => tokensOf(await chainOf(3, (i) => (i === 1 ? { command: '/' } : {}))),
    ],
    [
      'with arguments that a policy bars',
      'policy_violation',
      async () => tokensOf(await chainOf(2, () => ({ policy: [['==', '.a', 1]] }))),
    ],
    [
      'that its issuer did not sign',
      'invalid_token_signature',
      async () => [{ bytes: forge(await invoke(alice, alice)) }],
    ],
    [
      'whose proof its issuer did not sign',
      'invalid_token_signature',
      async () => {
        const proof = { bytes: forge(await root()) };
        const { cid } = decodeDelegation(proof.bytes);
        return [await invoke(bob, alice, [], { proofs: [cid] }), proof];
      },
    ],
    [
      'without a proof that it names',
      'proof_unavailable',
      async () => (await tokensOf(await chainOf(3))).toSpliced(2, 1),
    ],
    ['without any proof', 'invalid_claim', async () => [await invoke(bob, alice)]],
    [
      'whose chain does not begin with its subject',
      'invalid_claim',
      async () => {
        const proof = await delegate(bob, carol, { subject: alice.did });
        return [await invoke(carol, alice, [proof]), proof];
      },
    ],
    [
      'whose chain begins with a powerline',
      'invalid_claim',
      async () => {
        const proof = await delegate(alice, bob, { subject: null });
        return [await invoke(bob, alice, [proof]), proof];
      },
    ],
  ];

  test.each(cases)('refuses one %s: %s', async (_, code, make) => {
    const args = await verify(await make());
    const { details } = await cli.refusesBoth(code, ...args);
    expect(details).toHaveProperty('cid');
    await cli.refuses(code, ...args, '--explain');
  });

  test('refuses an invalid time, a missing file, and an empty container', async () => {
    const self = [await invoke(alice, alice)];
    for (const time of ['now', '', '1767225600', '2026-13-01T00:00:00Z', '90d']) {
      await cli.refuses('usage', ...(await verify(self, '--at', time)));
    }
    await cli.refusesBoth('bad_input', ...(await verify(self, '--proof', 'missing')));
    await cli.refusesBoth('malformed_token', ...(await verify(self, '--proof', 'pass')));
    const { status, stdout } = await cli.run('--json', ...(await verify([])));
    expect(stdout).not.toContain('"valid": true');
    expect(status).toBe(8);
  });

  test('refuses several where one of them fails', async () => {
    const [good, bad] = [await invoke(alice, alice), await invoke(bob, bob, [], { expiration: now - 1 })];
    const { details } = await cli.refusesBoth('token_expired', ...(await verify([good, bad])));
    expect(details).toMatchObject({ cid: cidOf(bad) });
    const both = await cli.done<Walk>(...(await verify([good, await invoke(bob, bob)])));
    expect(both.chains).toHaveLength(2);
  });
});

describe('ucan verify --explain', () => {
  test('of a chain of ten that fails at its seventh marks six as good, and says the reason there', async () => {
    const chain = await chainOf(10, (i) => (i === 6 ? { policy: [['==', '.name', 'y']] } : {}), {
      args: { name: 'x' },
    });
    const args = await verify(tokensOf(chain), '--explain');
    const seventh = cidOf(chain.delegations[6] as Delegation);
    const { status, stdout, stderr } = await cli.run(...args);
    expect(status).toBe(5);
    expect(stderr).toMatch(/^error: .*\(policy_violation\)\n$/);
    const sections = stdout.split(/^(?=\d+\. )/m);
    expect(sections).toHaveLength(11);
    for (const section of sections.slice(0, 6)) {
      expect(section).toContain('✓ signature');
      expect(section).not.toContain('✗');
    }
    expect(sections[6]).toContain(seventh);
    expect(sections[6]).toMatch(/✗ policy .*\(policy_violation\)/);
    const { details } = await cli.refuses('policy_violation', ...args);
    expect(details).toMatchObject({ cid: seventh });
    const [walk] = (details as unknown as Walk).chains;
    expect(walk?.links.map(failuresOf)).toEqual([...empty(6), ['policy_violation'], ...empty(4)]);
    expect(walk?.links.map(({ kind }) => kind)).toEqual([...Array(10).fill('delegation'), 'invocation']);
  });

  test('tells every failure, though the error names the first', async () => {
    const chain = await chainOf(3, (i) => (i === 0 ? {} : { expiration: now - 1, policy: [['==', '.name', 'y']] }));
    const { details } = await cli.refuses('token_expired', ...(await verify(tokensOf(chain), '--explain')));
    const [walk] = (details as unknown as Walk).chains;
    expect(walk?.links.map(failuresOf)).toEqual([
      [],
      ['token_expired', 'policy_violation'],
      ['token_expired', 'policy_violation'],
      [],
    ]);
  });

  test('shows a proof that was not given as one, and a valid chain link by link', async () => {
    const chain = await chainOf(2);
    const said = await cli.says(...(await verify(tokensOf(chain), '--explain')));
    expect(said.match(/^\d+\. /gm)).toHaveLength(3);
    expect(said).not.toContain('✗');
    const missing = await verify([chain.invocation], '--explain');
    const { stdout } = await cli.run(...missing);
    expect(stdout).toContain('a proof that was not given');
    const { details } = await cli.refuses('proof_unavailable', ...missing);
    expect((details as unknown as Walk).chains[0]?.links.map(({ kind }) => kind)).toEqual([null, null, 'invocation']);
  });
});

function failuresOf({ rules }: Link): readonly (string | null)[] {
  return rules.filter(({ held }) => !held).map(({ code }) => code);
}

function empty(count: number): readonly [][] {
  return Array.from({ length: count }, () => []);
}

function expireAt(index: number) {
  return (i: number) => (i === index ? { expiration: now - 1 } : {});
}

function forge(token: Delegation | Invocation): Uint8Array {
  return resign(token, new Uint8Array(64).fill(1));
}
