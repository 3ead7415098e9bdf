import { describe, expect, test } from 'vitest';
import { Budget } from '../../src/budget.ts';
import { computeCid } from '../../src/ucan/encoding/cid.ts';
import { encodeDagCbor } from '../../src/ucan/encoding/dag-cbor.ts';
import { type IpldValue, ipldMap } from '../../src/ucan/encoding/ipld.ts';
import { decodeEnvelope, type Envelope } from '../../src/ucan/token/envelope.ts';
import { readToken } from '../../src/ucan/token/tokens.ts';
import { expectCode } from '../support/codes.ts';
import { delegate, invoke, principals } from '../support/ucan.ts';

const [alice, bob] = await principals('alice', 'bob');
if (alice === undefined || bob === undefined) throw new TypeError('nobody is there');

const many = 5000;
const elements: [string, IpldValue][] = [
  ['empty byte strings', new Uint8Array(0)],
  ['byte strings', Uint8Array.of(1, 2, 3)],
  ['empty lists', []],
  ['nested lists', [[[]]]],
  ['empty maps', ipldMap([])],
  ['maps', ipldMap([['a', 1]])],
  ['short texts', 'a'],
  ['floats', 0.5],
  ['integers', 7],
  ['nulls', null],
  ['links', computeCid(Uint8Array.of(1))],
];

const read = (bytes: Uint8Array, budget: Budget) => readToken(decodeEnvelope(bytes, budget));

describe.each(elements)('%s', (_, element) => {
  const list = Array.from({ length: many }, () => element);

  test.each<[string, () => Promise<{ readonly bytes: Uint8Array }>]>([
    ['the meta of a delegation', () => delegate(alice, bob, { meta: { list } })],
    ['the policy of a delegation', () => delegate(alice, bob, { policy: [['==', '.a', list]] })],
    ['the arguments of an invocation', () => invoke(alice, alice, [], { args: { list } })],
    ['the meta of an invocation', () => invoke(alice, alice, [], { meta: { list } })],
  ])('in %s are counted, and not read beyond the budget', async (__, make) => {
    const { bytes } = await make();
    const budget = new Budget();
    read(bytes, budget);
    expect(budget.spentOn('values')).toBeGreaterThanOrEqual(many);
    await expectCode('too_large', () => read(bytes, new Budget({ values: many - 1 })));
    expect(() => read(bytes, new Budget({ values: budget.spentOn('values') }))).not.toThrow();
  });
});

test('a list that says to be long draws no more than there is of it', async () => {
  const huge = Uint8Array.of(0x82, 0x40, 0xa2, 0x61, 0x68, 0x40);
  await expectCode('malformed_token', () => decodeEnvelope(huge, new Budget({ values: 10 })));
});

test('what nobody asks for is kept as bytes: a meta is built when it is read, each time anew', async () => {
  const delegation = await delegate(alice, bob, { meta: { note: ['a'] } });
  expect(delegation.meta).toEqual(ipldMap([['note', ['a']]]));
  expect(delegation.meta).not.toBe(delegation.meta);
  expect(Object.values(Object.getOwnPropertyDescriptors(delegation)).filter(({ get }) => get)).toHaveLength(1);
});

test('a meta that is no map is refused at once', async () => {
  const { envelope } = await delegate(alice, bob, { meta: { a: 1 } });
  const { start, end } = envelope.fields.get('meta') ?? { start: 0, end: 0 };
  expect(encodeDagCbor(ipldMap([['a', 1]]))).toEqual(new Uint8Array(envelope.signed.subarray(start, end)));
  const nonce = envelope.fields.get('nonce') ?? { start: 0, end: 0 };
  const twisted: Envelope = { ...envelope, fields: new Map([...envelope.fields, ['meta', nonce]]) };
  await expectCode('malformed_token', () => readToken(twisted));
});

test('an honest token of each kind takes a few dozen values', async () => {
  for (const { bytes } of [await delegate(alice, bob, { policy: [['==', '.name', 'a']] }), await invoke(bob, alice)]) {
    const budget = new Budget();
    read(bytes, budget);
    expect(budget.spentOn('values')).toBeLessThan(64);
  }
});
