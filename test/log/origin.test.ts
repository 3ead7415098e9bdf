import { describe, expect, test } from 'vitest';
import { formatOrigin, parseOrigin } from '../../src/log/origin.ts';
import { isKeyName } from '../../src/log/verifier-key.ts';
import { expectCode, failureOf, isHanaperError } from '../support/codes.ts';

const did = 'did:key:z6MktFovzcapNZyZBWzFJpCXf26B8XLKdXtwfwnXXFebPgzM';

test.each([1, 2, 10, Number.MAX_SAFE_INTEGER])('the origin of the epoch %i is read as it is written', (epoch) => {
  const origin = formatOrigin({ did, epoch });
  expect(origin).toBe(`hanaper/${did}/${epoch}`);
  expect(parseOrigin(origin)).toEqual({ did, epoch });
  expect(isKeyName(origin)).toBe(true);
});

test.each([0, -1, 0.5, Number.NaN, 2 ** 53])('%s is no epoch', async (epoch) => {
  expect(await failureOf(() => formatOrigin({ did, epoch }))).toBeInstanceOf(TypeError);
});

describe('an origin is refused', () => {
  test.each([
    '',
    'hanaper',
    `hanaper/${did}`,
    `hanaper/${did}/`,
    `hanaper/${did}/0`,
    `hanaper/${did}/01`,
    `hanaper/${did}/+1`,
    `hanaper/${did}/1/`,
    `hanaper/${did}/1\n`,
    `hanaper/${did}/9007199254740992`,
    `hanaper/${did} /1`,
    `Hanaper/${did}/1`,
    `/hanaper/${did}/1`,
    `${did}/1`,
    'hanaper/did:web:example.org/1',
    `hanaper/${did.slice(0, -1)}/1`,
    `hanaper/did:key:${'z'.repeat(100_000)}/1`,
  ])('%j', async (origin) => {
    await expectCode('bad_input', () => parseOrigin(origin));
  });

  test('of which the DID has another character', async () => {
    for (const at of did.split('').keys()) {
      const other = did[at] === '2' ? '3' : '2';
      const origin = `hanaper/${did.slice(0, at)}${other}${did.slice(at + 1)}/1`;
      const failure = await failureOf(() => parseOrigin(origin));
      if (failure === undefined) expect(parseOrigin(origin).did).not.toBe(did);
      else expect(isHanaperError(failure)).toBe(true);
    }
  });

  test('of a key of another kind than Ed25519', async () => {
    const p256 = 'did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv';
    await expectCode('bad_input', () => parseOrigin(`hanaper/${p256}/1`));
  });
});
