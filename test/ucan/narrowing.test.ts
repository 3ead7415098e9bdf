import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  coversCommand,
  type Delegation,
  type DelegationClaims,
  isCommand,
  validateInvocation,
} from '../../src/ucan/index.ts';
import { failureOf } from '../support/codes.ts';
import { contextOf, delegate, invoke, now, type Principal, principals } from '../support/ucan.ts';

const people = await principals('alice', 'bob', 'carol', 'dave', 'eve');
const [alice] = people;
const commands = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/ab', '/b');
const policies = fc.array(
  fc.constantFrom<unknown>(
    ['==', '.n', 1],
    ['!=', '.n', 2],
    ['<', '.n', 5],
    ['not', ['==', '.s', 'x']],
    ['like', '.s', 'a*'],
    [
      'or',
      [
        ['==', '.n', 1],
        ['==', '.n', 2],
      ],
    ],
    ['any', '.l', ['>', '.', 1]],
    ['all', '.l', ['>', '.', 0]],
    ['==', '.missing?', null],
  ),
  { maxLength: 2 },
);
const links = fc.record({
  command: commands,
  policy: policies,
  powerline: fc.boolean(),
  expiration: fc.constantFrom(null, now, now - 1, now + 9),
});
const wishes = fc.record({
  command: commands,
  args: fc.record(
    { n: fc.constantFrom(1, 2, 1.5), s: fc.constantFrom('x', 'ab', ''), l: fc.constantFrom([], [1, 2], [0]) },
    { requiredKeys: ['n', 's', 'l'] },
  ),
});
type Given = typeof links extends fc.Arbitrary<infer Value> ? Value : never;
type Wished = typeof wishes extends fc.Arbitrary<infer Value> ? Value : never;

test('a chain with one more link is never valid for what was not valid without it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(links, { minLength: 1, maxLength: 3 }),
      links,
      fc.nat(3),
      wishes,
      async (chain, added, at, wish) => {
        const longer = chain.toSpliced(Math.min(at, chain.length), 0, added);
        if (await isValid(longer, wish)) expect(await isValid(chain, wish, longer)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('a link with a policy, a command or a time of its own never lets through more than one without', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(links, { minLength: 1, maxLength: 3 }), fc.nat(2), wishes, async (chain, at, wish) => {
      const place = at % chain.length;
      const free = chain.map((link, i) => (i === place ? { ...link, policy: [], expiration: null } : link));
      if (await isValid(chain, wish)) expect(await isValid(free, wish)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('a command covers itself and what is below it, and nothing else', () => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'a-b', '%', '_', '*', '.');
  const paths = fc.array(segment, { maxLength: 4 });
  const join = (path: readonly string[]): string => `/${path.join('/')}`;
  fc.assert(
    fc.property(paths, paths, (parent, child) => {
      expect(isCommand(join(parent))).toBe(true);
      const isAbove = parent.every((each, i) => each === child[i]);
      expect(coversCommand(join(parent), join(child))).toBe(isAbove);
    }),
    { numRuns: 2000 },
  );
});

/** Whether a chain of these links holds for a wish; what is the root only without the first of `longer` is no powerline. */
async function isValid(
  chain: readonly Given[],
  { command, args }: Wished,
  longer: readonly Given[] = chain,
): Promise<boolean> {
  if (alice === undefined) throw new TypeError('somebody is the subject');
  const without = chain.length < longer.length;
  const delegations: Delegation[] = [];
  for (const [i, link] of chain.entries()) {
    const claims: Partial<DelegationClaims> = {
      command: link.command,
      policy: link.policy,
      expiration: link.expiration,
      subject: link.powerline && !(without && i === 0 && longer[0] !== link) ? null : alice.did,
    };
    delegations.push(await delegate(personAt(i), personAt(i + 1), claims));
  }
  const invocation = await invoke(personAt(chain.length), alice, delegations, { command, args });
  return (await failureOf(() => validateInvocation(invocation, contextOf(delegations)))) === undefined;
}

function personAt(index: number): Principal {
  const person = people[index];
  if (person === undefined) throw new TypeError('a chain is shorter than there are people');
  return person;
}
