import { expect, test } from 'vitest';
import { Budget } from '../../src/budget.ts';
import {
  explainInvocation,
  findPolicyFailure,
  limits,
  parsePolicy,
  toIpld,
  toIpldMap,
  validateInvocation,
} from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { chainOf } from '../support/ucan.ts';

const args = { a: Array.from({ length: 1000 }, () => 'aaaa') };
// Half of what a chain may take: each text is looked at once for each statement.
const costly = Array.from({ length: 30 }, () => ['all', '.a', ['like', '.', 'a*']]);
const cost = new Budget();
findPolicyFailure(parsePolicy(toIpld(costly)), toIpldMap(args), { budget: cost });
const used = cost.spentOn('policy_steps');

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

test('on the budget of a request, one that ends is the reason by itself', async () => {
  const { invocation, context } = await chainOf(2, () => ({ policy: costly }), { args });
  const budget = new Budget({ policy_steps: used });
  await expectCode('too_large', () => validateInvocation(invocation, { ...context, budget }));
  const { failure } = await explainInvocation(invocation, context);
  expect(failure).toBeUndefined();
});

test('keys that have to be sorted cost their bytes, each time', () => {
  const m = Object.fromEntries([['0', 1], ...Array.from({ length: 80 }, (_, i) => [`${'k'.repeat(100)}${10 + i}`, 1])]);
  const statements = Array.from({ length: 255 }, () => ['!=', '.m[]', 2]);
  const policy = parsePolicy(toIpld(statements));
  const budget = new Budget({ key_bytes: limits.policyKeyBytes });
  expect(findPolicyFailure(policy, toIpldMap({ m }), { budget })).toMatchObject({ reason: 'too_costly' });
  expect(() => budget.requireLeft()).toThrow(expect.objectContaining({ code: 'too_large' }));
  const one = new Budget({ key_bytes: limits.policyKeyBytes });
  expect(
    findPolicyFailure(parsePolicy(toIpld(statements.slice(0, 1))), toIpldMap({ m }), { budget: one }),
  ).toBeUndefined();
});

test('the keys of maps that are compared count with what they hold', () => {
  const long = { ['k'.repeat(10_000)]: 1 };
  const budget = new Budget();
  findPolicyFailure(parsePolicy(toIpld([['==', '.a', long]])), toIpldMap({ a: long }), { budget });
  expect(budget.spentOn('policy_steps')).toBeGreaterThan(10_000);
});
