import { expect, test } from 'vitest';
import { Chains, findCommand } from '../../src/client/chains.ts';
import { HanaperError } from '../../src/errors.ts';
import { type IpldMap, toIpldMap } from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { containerOf } from '../support/tokens.ts';
import { delegate, now, type Principal, principals } from '../support/ucan.ts';

const [host, alice, bob, carol] = (await principals('host', 'alice', 'bob', 'carol')) as [
  Principal,
  Principal,
  Principal,
  Principal,
];
const proofs = [await delegate(host, bob, { command: findCommand }), await delegate(carol, bob, { subject: null })];
const wish = { subject: alice.did, command: '/x', args: toIpldMap({}), now };
const tooLarge = new HanaperError('too_large', 'There are too many delegations.');

const chainsBy = (ask: (args: IpldMap) => Promise<unknown>) =>
  new Chains({ invoker: bob.did, authority: host.did, proofs, ask });

test('a search that ended for its bound at the server is told as such, and not as that there is no chain', async () => {
  const asked: unknown[] = [];
  const chains = chainsBy(async ({ invoker }) => {
    asked.push(invoker);
    if (invoker === carol.did) throw tooLarge;
    throw new HanaperError('not_authorized', 'There is no chain.', { command: '/x' });
  });
  await expectCode('too_large', () => chains.find(wish));
  expect(asked).toEqual([carol.did, bob.did]);
});

test('where it ended for one holder, another is asked for all the same', async () => {
  const direct = await delegate(alice, bob);
  const chains = chainsBy(async ({ invoker }) => {
    if (invoker === carol.did) throw tooLarge;
    return { container: await containerOf([direct]) };
  });
  expect(await chains.find(wish)).toEqual([direct]);
});
