import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Delegation, type DelegationClaims, validateInvocation } from '../../../src/ucan/index.ts';
import { failureOf } from '../../support/codes.ts';
import { contextOf, delegate, invoke, now, revocationsOf } from '../../support/ucan.ts';

import { alice, bob, carol, dave, find, type Revoked } from '../search.ts';

const people = [alice, bob, carol, dave];
const links = fc.record({
  issuer: fc.nat(3),
  audience: fc.nat(3),
  command: fc.constantFrom('/', '/a', '/a/b', '/b'),
  subject: fc.constantFrom('alice', 'alice', 'null', 'bob'),
  broken: fc.constantFrom('', '', '', '', 'time', 'policy'),
  revoker: fc.option(fc.nat(3), { freq: 5 }),
});

test('it finds what trying every chain finds: one of the same length, that validates', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(links, { maxLength: 9 }), async (graph) => {
      const made = await Promise.all(graph.map(makeLink));
      const revoked = made.flatMap((delegation, i): Revoked => {
        const revoker = people[graph[i]?.revoker ?? -1];
        return revoker ? [[delegation, revoker]] : [];
      });
      const context = contextOf(made, {
        revocationsOf: revocationsOf(...revoked.map(([d, by]) => [d.cid, by.did] as const)),
      });
      const isValid = async (chain: readonly Delegation[]): Promise<boolean> => {
        const invocation = await invoke(dave, alice, chain, { command: '/a/b', args: { n: 1 } });
        return (await failureOf(() => validateInvocation(invocation, context))) === undefined;
      };
      const found = await failureOrChain(made, revoked);
      const shortest = await tryAll(made, isValid);
      expect(found?.length).toBe(shortest?.length);
      if (found) expect(await isValid(found)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

function makeLink({
  issuer,
  audience,
  command,
  subject,
  broken,
}: typeof links extends fc.Arbitrary<infer L> ? L : never) {
  const claims: Partial<DelegationClaims> = {
    command,
    subject: subject === 'null' ? null : subject === 'alice' ? alice.did : bob.did,
    ...(broken === 'time' && { expiration: now - 1 }),
    ...(broken === 'policy' && { policy: [['==', '.n', 2]] }),
  };
  return delegate(people[issuer] ?? alice, people[audience] ?? alice, claims);
}

async function failureOrChain(
  made: readonly Delegation[],
  revoked: Revoked,
): Promise<readonly Delegation[] | undefined> {
  try {
    return await find(dave, made, revoked);
  } catch (error) {
    expect(error).toMatchObject({ code: 'not_authorized' });
    return undefined;
  }
}

/** The shortest valid chain to dave among all that go through nobody twice. */
async function tryAll(
  made: readonly Delegation[],
  isValid: (chain: readonly Delegation[]) => Promise<boolean>,
): Promise<readonly Delegation[] | undefined> {
  let level: (readonly Delegation[])[] = made.filter(({ audience }) => audience === dave.did).map((last) => [last]);
  for (let length = 1; length <= people.length && level.length > 0; length++) {
    for (const chain of level) if (await isValid(chain)) return chain;
    level = level.flatMap((chain) =>
      made.filter(({ audience }) => audience === chain[0]?.issuer).map((above) => [above, ...chain]),
    );
  }
  return undefined;
}
