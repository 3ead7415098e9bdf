import fc from 'fast-check';
import { computeCid } from '../../src/ucan/encoding/cid.ts';
import { type IpldMap, type IpldValue, ipldMap } from '../../src/ucan/index.ts';

/** Any well-formed text. */
const texts: fc.Arbitrary<string> = fc.string({ unit: 'grapheme', maxLength: 24 });

/** Keys of maps, among them those that mean something to JavaScript. */
export const keys: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: texts },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'bytes', '/', '', '0', '10', '9') },
);

/** Any whole number that a token may hold. */
const integers: fc.Arbitrary<number> = fc.maxSafeInteger();

/** Any number with a fraction. */
const fractions: fc.Arbitrary<number> = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => !Number.isInteger(value));

/** The CIDs of tokens. */
const cids = fc.uint8Array({ maxLength: 8 }).map((bytes) => computeCid(bytes));

const { value } = fc.letrec<{ value: IpldValue; list: readonly IpldValue[]; map: IpldMap }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    integers,
    fractions,
    texts,
    fc.uint8Array({ maxLength: 40 }),
    cids,
    tie('list'),
    tie('map'),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }),
  map: fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 }).map(ipldMap),
}));

/** Any value of the data model that has one form in DAG-CBOR. */
export const ipldValues: fc.Arbitrary<IpldValue> = value;

/** Any map of such values. */
export const ipldMaps: fc.Arbitrary<IpldMap> = fc.array(fc.tuple(keys, value), { maxLength: 6 }).map(ipldMap);
