import fc from 'fast-check';
import { base58btc } from 'multiformats/bases/base58';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { concatBytes } from '../../src/bytes.ts';
import { importPublicKey, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import {
  decodeDidKey,
  decodeDidKeyToVerify,
  decodeEd25519DidKey,
  encodeDidKey,
  encodeEd25519DidKey,
  isDidKey,
} from '../../src/did/did-key.ts';
import { decodePublicJwk, encodeJwk } from '../../src/did/jwk.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../src/did/private-key.ts';
import { expectCode } from '../support/codes.ts';
import { fromHex, readVectors } from '../support/vectors.ts';

// The Ed25519 examples of the did:key specification, by the seed in hexadecimal.
describe('a published did:key', () => {
  test.each([
    [`${'00'.repeat(31)}00`, 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'],
    [`${'00'.repeat(31)}01`, 'did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG'],
    [`${'00'.repeat(31)}02`, 'did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf'],
  ])('of the seed %s is %s', async (hex, did) => {
    using seed = Secret.adopt(fromHex(hex));
    const publicKey = await publicKeyOf(seed);
    expect(encodeEd25519DidKey(publicKey)).toBe(did);
    expect(decodeEd25519DidKey(did)).toEqual(publicKey);
    expect(isDidKey(did)).toBe(true);
  });

  test('holds the key that is published beside it in base58', () => {
    const did = 'did:key:z6MkmjY8GnV5i9YTDtPETC2uUAW6ejw3nk5mXF5yci5ab7th';
    const publicKey = base58btc.decode('z8HH5gYEeNc3z7PYXmd54d4x6qAfCNrqQqEB3nS7Zfu7K');
    expect(decodeEd25519DidKey(did)).toEqual(publicKey);
    expect(encodeEd25519DidKey(importPublicKey(publicKey))).toBe(did);
  });
});

test('of every key is read back, and is 56 characters', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
      using seed = Secret.copyOf(bytes);
      const publicKey = await publicKeyOf(seed);
      const did = encodeEd25519DidKey(publicKey);
      expect(did).toMatch(/^did:key:z6Mk.{44}$/);
      expect(decodeEd25519DidKey(did)).toEqual(publicKey);
    }),
  );
});

const good = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';

describe('what is no did:key of an Ed25519 key is bad input:', () => {
  test.each([
    ['nothing', ''],
    ['the scheme alone', 'did:key:'],
    ['another method', good.replace('did:key:', 'did:web:')],
    ['an upper-case scheme', good.replace('did:key:', 'DID:key:')],
    ['a fragment', `${good}#${good.slice(8)}`],
    ['white space behind it', `${good} `],
    ['white space before it', ` ${good}`],
    ['a newline', `${good}\n`],
    ['a character cut', good.slice(0, -1)],
    ['a character that base58 has not', `${good.slice(0, -1)}0`],
    ['another multibase', good.replace(':z', ':u')],
    ['X25519', 'did:key:z6LShLeXRTzevtwcfehaGEzCMyL3bNsAeKCwcqwJxyCo63yE'],
    ['secp256k1', 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme'],
    ['P-256', 'did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169'],
    ['the private key codec', `did:key:${base58btc.encode(concatBytes(fromHex('8026'), new Uint8Array(32).fill(5)))}`],
  ])('%s', async (_, did) => {
    await expectCode('bad_input', () => decodeEd25519DidKey(did));
  });
});

test('a text of a million characters is refused without being decoded', async () => {
  const decode = vi.spyOn(base58btc, 'decode');
  onTestFinished(() => decode.mockRestore());
  await expectCode('bad_input', () => decodeEd25519DidKey(`did:key:z${'6'.repeat(1_000_000)}`));
  expect(decode).not.toHaveBeenCalled();
});

test('a did:key of a point of small order is weak', async () => {
  const did = `did:key:${base58btc.encode(concatBytes(fromHex('ed01'), new Uint8Array(32)))}`;
  await expectCode('weak_key', () => decodeEd25519DidKey(did));
  expect(isDidKey(did)).toBe(false);
});

test('a did:key of a point that is not canonical is malformed', async () => {
  const did = `did:key:${base58btc.encode(concatBytes(fromHex('ed01'), new Uint8Array(32).fill(0xff)))}`;
  await expectCode('malformed_key', () => decodeEd25519DidKey(did));
  expect(isDidKey(did)).toBe(false);
});

// The examples of did:key v0.9 for P-256 and secp256k1, each with the compressed point that it encodes.
describe('a published did:key of another kind', () => {
  test.each([
    ['p256', 'did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169'],
    ['p256', 'did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv'],
    ['secp256k1', 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme'],
    ['secp256k1', 'did:key:zQ3shtxV1FrJfhqE1dvxYRcCknWNjHc3c5X1y3ZSoPDi2aur2'],
    ['secp256k1', 'did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N'],
  ])('of %s is %s', (type, did) => {
    const key = decodeDidKey(did);
    expect(key.type).toBe(type);
    expect(encodeDidKey(key)).toBe(did);
    expect(decodeDidKeyToVerify(did)).toEqual(key);
    expect(isDidKey(did)).toBe(true);
  });
});

describe('a published did:key of a kind that only verifies', () => {
  interface Published {
    readonly did: string;
    readonly method: { readonly publicKeyJwk: object };
  }
  const published = readVectors<readonly Published[]>('did/did-key.json').filter(({ did }) =>
    /^did:key:z(82|2J9|4MX|gg)/.test(did),
  );

  test.each(published)('$did is read, and has the key that is published beside it', ({ did, method }) => {
    const key = decodeDidKey(did);
    expect(encodeDidKey(key)).toBe(did);
    expect(decodeDidKeyToVerify(did)).toEqual(key);
    expect(isDidKey(did)).toBe(true);
    expect(encodeJwk(key)).toEqual(method.publicKeyJwk);
    expect(decodePublicJwk(method.publicKeyJwk)).toEqual(key);
  });

  test('there are two of each: P-384, P-521 and RSA', () => {
    expect(published.map(({ did }) => decodeDidKey(did).type)).toEqual(['p384', 'p384', 'p521', 'p521', 'rsa', 'rsa']);
  });

  test.each(published)('$did is no key to sign or to be trusted with: those are of Ed25519', async ({ did }) => {
    await expectCode('bad_input', () => decodeEd25519DidKey(did));
  });

  test.each(published)(
    '$did has one form: cut, longer or with a character changed it is refused, or another key',
    ({ did }) => {
      for (const other of [
        did.slice(0, -1),
        `${did}1`,
        `${did}#`,
        ` ${did}`,
        did.replace(':z', ':u'),
        did.replace(':z', ':z1'),
      ]) {
        expect(isDidKey(other)).toBe(false);
      }
      for (let at = 8; at < did.length; at += 7) {
        const changed = `${did.slice(0, at)}${did[at] === '5' ? '7' : '5'}${did.slice(at + 1)}`;
        if (isDidKey(changed)) expect(decodeDidKey(changed)).not.toEqual(decodeDidKey(did));
      }
    },
  );

  test.each([
    ['malformed_key', 'P-384 that is not on the curve', `812402${'ff'.repeat(48)}`],
    ['malformed_key', 'P-521 that is not compressed', `822404${'11'.repeat(66)}`],
    ['bad_input', 'P-384 with a byte too few', `812402${'11'.repeat(47)}`],
    ['bad_input', 'P-521 with a byte too many', `822402${'11'.repeat(67)}`],
    ['malformed_key', 'RSA that is no DER', `8524${'11'.repeat(270)}`],
    ['bad_input', 'RSA of 1024 bits', `8524${'11'.repeat(140)}`],
    ['bad_input', 'RSA of 8192 bits', `8524${'11'.repeat(1038)}`],
    ['bad_input', 'P-384 under the multicodec of P-521', `822402${'11'.repeat(48)}`],
  ] as const)('is %s where it is one of %s', async (code, _, hex) => {
    const did = `did:key:${base58btc.encode(fromHex(hex))}`;
    await expectCode(code, () => decodeDidKey(did));
    await expectCode(code, () => decodeDidKeyToVerify(did));
    expect(isDidKey(did)).toBe(false);
  });
});

describe.each([
  ['ed25519', /^did:key:z6Mk.{44}$/, 'ed01'],
  ['p256', /^did:key:zDn.{46}$/, '8024'],
  ['secp256k1', /^did:key:zQ3s.{45}$/, 'e701'],
] as const)('a did:key of %s', (type, shape, codec) => {
  test('of every key is read back', async () => {
    for (let run = 0; run < 50; run++) {
      using key = await generatePrivateKey(type);
      const publicKey = await publicKeyOfPrivate(key);
      const did = encodeDidKey(publicKey);
      expect(did).toMatch(shape);
      expect(decodeDidKey(did)).toEqual(publicKey);
      expect(decodeDidKeyToVerify(did)).toEqual(publicKey);
    }
  });

  test('has one form: with any character changed it is refused, or another key', async () => {
    using key = await generatePrivateKey(type);
    const publicKey = await publicKeyOfPrivate(key);
    const did = encodeDidKey(publicKey);
    for (let at = 0; at < did.length; at++) {
      const changed = `${did.slice(0, at)}${did[at] === '5' ? '7' : '5'}${did.slice(at + 1)}`;
      if (isDidKey(changed)) expect(decodeDidKey(changed)).not.toEqual(publicKey);
    }
  });

  test.each([
    ['a byte too few', -1],
    ['a byte too many', 1],
  ])('with %s is bad input', async (_, more) => {
    using key = await generatePrivateKey(type);
    const { bytes } = await publicKeyOfPrivate(key);
    const other = more < 0 ? bytes.subarray(0, -1) : concatBytes(bytes, Uint8Array.of(1));
    const did = `did:key:${base58btc.encode(concatBytes(fromHex(codec), other))}`;
    await expectCode('bad_input', () => decodeDidKey(did));
    await expectCode('bad_input', () => decodeDidKeyToVerify(did));
  });
});

test.each(['8024', 'e701'])(
  'a did:key of codec %s whose point is not on the curve, or not compressed, is malformed',
  async (codec) => {
    for (const point of [`02${'ff'.repeat(32)}`, `04${'11'.repeat(32)}`]) {
      const did = `did:key:${base58btc.encode(fromHex(codec + point))}`;
      await expectCode('malformed_key', () => decodeDidKey(did));
      await expectCode('malformed_key', () => decodeDidKeyToVerify(did));
      expect(isDidKey(did)).toBe(false);
    }
  },
);

test('a did:key that only verifies is refused where its encoding shows that it is weak or not canonical', async () => {
  const didOf = (byte: number) =>
    `did:key:${base58btc.encode(concatBytes(fromHex('ed01'), new Uint8Array(32).fill(byte)))}`;
  await expectCode('weak_key', () => decodeDidKeyToVerify(didOf(0)));
  await expectCode('malformed_key', () => decodeDidKeyToVerify(didOf(0xff)));
});
