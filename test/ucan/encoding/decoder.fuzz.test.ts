import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../../src/bytes.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import {
  decodeContainer,
  decodeDagCbor,
  decodeToken,
  encodeContainer,
  encodeDagCbor,
  type IpldValue,
  parseCid,
  parseDagJson,
  parsePolicy,
  toDagJson,
  toIpld,
  unpackTokens,
} from '../../../src/ucan/index.ts';
import { parseSelector } from '../../../src/ucan/policy/selector.ts';
import { failureOf } from '../../support/codes.ts';
import { fuzzRuns } from '../../support/fuzz.ts';
import { delegate, invoke, principal } from '../../support/ucan.ts';
import { ipldValues } from '../values.ts';

const numRuns = fuzzRuns(3000);
const alice = await principal('alice');
const delegation = await delegate(alice, alice, { policy: [['like', '.name', 'a*']], meta: { a: [1, 2.5, null] } });
const invocation = await invoke(alice, alice, [delegation], { args: { name: 'abc', bytes: Uint8Array.of(1) } });
const containers = [
  await encodeContainer([delegation.bytes, invocation.bytes], 'raw'),
  await encodeContainer([delegation.bytes, invocation.bytes], 'base64'),
  await encodeContainer([delegation.bytes, invocation.bytes], 'base64url-gzip'),
  await encodeContainer([delegation.bytes, invocation.bytes], 'raw-gzip'),
];

// What a mutation that knows CBOR puts in: heads of every kind, with every width of length.
const heads = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 1 }),
  fc
    .constantFrom('5f', '7f', '9f', 'bf', 'ff', 'f7', 'f97e00', 'fb3ff0000000000000', 'd82a', 'c0', 'a0', '80', '60')
    .map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
  fc
    .tuple(fc.nat(7), fc.constantFrom(24, 25, 26, 27, 28, 31), fc.uint8Array({ minLength: 1, maxLength: 8 }))
    .map(([major, info, rest]) => concatBytes(Uint8Array.of((major << 5) | info), rest)),
);

interface Mutation {
  readonly kind: 'replace' | 'insert' | 'remove' | 'copy' | 'cut';
  readonly at: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

const mutations: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('replace', 'insert', 'remove', 'copy', 'cut'),
  at: fc.nat(2000),
  to: fc.nat(2000),
  bytes: heads,
});

function mutate(bytes: Uint8Array, { kind, at, to, bytes: added }: Mutation): Uint8Array<ArrayBuffer> {
  const place = at % (bytes.length + 1);
  const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)];
  if (kind === 'replace') return concatBytes(head, added, tail.subarray(added.length));
  if (kind === 'insert') return concatBytes(head, added, tail);
  if (kind === 'remove') return concatBytes(head, tail.subarray(1 + (to % 8)));
  if (kind === 'cut') return concatBytes(head);
  return concatBytes(head, bytes.subarray(to % bytes.length, (to % bytes.length) + 16), tail);
}

function mutated(originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(mutations, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => changes.reduce<Uint8Array>(mutate, bytes));
}

/** Runs `act`, and expects that it fails by one of `codes`, if at all. */
async function expectCodes(codes: readonly ErrorCode[], act: () => unknown): Promise<void> {
  const error = await failureOf(act);
  if (error === undefined) return;
  expect(error).toMatchObject({ name: 'HanaperError' });
  expect(codes).toContain((error as { code: unknown }).code);
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(heads, { maxLength: 40 }).map((parts) => concatBytes(...parts)),
  mutated([delegation.bytes, invocation.bytes]),
);

test('whatever the bytes, DAG-CBOR is read, or malformed', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (each) => {
      await expectCodes(['malformed_token'], () => toDagJson(decodeDagCbor(each)));
      await expectCodes(['malformed_token'], () => encodeDagCbor(decodeDagCbor(each)));
    }),
    { numRuns },
  );
});

test('whatever the bytes, a token is read, or malformed', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (each) => expectCodes(['malformed_token'], () => decodeToken(each))),
    { numRuns },
  );
});

test('whatever the bytes, a container or file of tokens is unpacked, or malformed', async () => {
  const prefixed = fc
    .tuple(fc.constantFrom(0x40, 0x42, 0x43, 0x4d, 0x4f, 0x50, 0x82), bytes)
    .map(([mark, rest]) => concatBytes(Uint8Array.of(mark), rest));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, prefixed, mutated(containers)), async (each) => {
      await expectCodes(['malformed_token'], () => decodeContainer(each));
      await expectCodes(['malformed_token'], () => unpackTokens(each));
    }),
    { numRuns },
  );
});

test('whatever the text, DAG-JSON is read, or bad input', async () => {
  const json = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    ipldValues.map(toDagJson),
    fc.tuple(ipldValues.map(toDagJson), fc.nat(500), fc.string({ maxLength: 3 })).map(([text, at, added]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + added + text.slice(place + added.length);
    }),
    fc.tuple(fc.json(), fc.json()).map(([one, two]) => `{"/":${one},"bytes":${two}}`),
    fc.json().map((inner) => `{"/":{"bytes":${inner}}}`),
    fc.json().map((inner) => `{"/":${inner},"bytes":${inner}}`),
  );
  await fc.assert(
    fc.asyncProperty(json, async (text) => {
      await expectCodes(['bad_input'], () => encodeDagCbor(parseDagJson(text)));
      await expectCodes(['bad_input'], () => parseCid(text));
    }),
    { numRuns },
  );
});

test('whatever the value of JavaScript, it is taken into the data model, or bad input', async () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  await fc.assert(
    fc.asyncProperty(anything, async (value) => expectCodes(['bad_input'], () => encodeDagCbor(toIpld(value)))),
    { numRuns },
  );
});

test('whatever the text, a selector is read, or none', () => {
  const piece = fc.constantFrom(
    '.',
    '[',
    ']',
    '"',
    '?',
    ':',
    '-',
    '0',
    '1',
    'a',
    '_',
    '\\',
    'u',
    ' ',
    '[]',
    '["a"]',
    '\n',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 30 }).map((parts) => `.${parts.join('')}`),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(Array.isArray(parseSelector(text) ?? [])).toBe(true);
    }),
    { numRuns: 3 * numRuns },
  );
});

test('whatever the value, a policy is read, or malformed', async () => {
  const operators = fc.constantFrom('==', '!=', '<', '>=', 'like', 'not', 'and', 'or', 'all', 'any', 'x');
  const { node } = fc.letrec<{ node: IpldValue }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      ipldValues,
      fc.constantFrom('.', '.a', '.a[0]?', 'a'),
      fc.tuple(operators, tie('node')),
      fc.tuple(operators, tie('node'), tie('node')),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(node, fc.array(node, { maxLength: 3 })), async (policy) =>
      expectCodes(['malformed_token'], () => parsePolicy(policy)),
    ),
    { numRuns },
  );
});
