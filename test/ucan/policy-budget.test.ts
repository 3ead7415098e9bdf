import { expect, test } from 'vitest';
import { findPolicyFailure, limits, parsePolicy, toIpld, toIpldMap, validateInvocation } from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { chainOf } from '../support/ucan.ts';

const args = { a: Array.from({ length: 1000 }, () => 'aaaa') };
// Half of what a chain may take: each text is looked at once for each statement.
const costly = Array.from({ length: 30 }, () => ['all', '.a', ['like', '.', 'a*']]);
const cost = { steps: limits.policySteps };
findPolicyFailure(parsePolicy(toIpld(costly)), toIpldMap(args), cost);
const used = limits.policySteps - cost.steps;

test('the policies of one chain share what checking them may take', async () => {
  expect(used).toBeGreaterThan(0);
  expect(used).toBeLessThan(limits.policySteps);
  const enough = Math.ceil(limits.policySteps / used) + 1;
  const one = await chainOf(1, () => ({ policy: costly }), { args });
  expect((await validateInvocation(one.invocation, one.context)).path).toHaveLength(1);
  const many = await chainOf(enough, () => ({ policy: costly }), { args });
  const { details } = await expectCode('policy_violation', () => validateInvocation(many.invocation, many.context));
  expect(details).toMatchObject({ reason: 'too_costly' });
});

test('a map whose values are gone through costs its size, however little is asked of each', () => {
  const m = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [String(i), 1]));
  const policy = parsePolicy(toIpld(Array.from({ length: 100 }, () => ['any', '.m', ['and', []]])));
  expect(findPolicyFailure(policy, toIpldMap({ m }))).toMatchObject({ reason: 'too_costly' });
});
