import { createHash } from 'node:crypto';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { generateSeed, importPublicKey, publicKeyOf, sign, verify } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { expectCode } from '../support/codes.ts';
import { flipBit, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface RfcVectors {
  readonly vectors: readonly {
    readonly name: string;
    readonly seed: string;
    readonly publicKey: string;
    readonly message: string;
    readonly signature: string;
  }[];
}

interface WycheproofVectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

describe('RFC 8032', () => {
  test.each(readVectors<RfcVectors>('rfc/ed25519_rfc8032.json').vectors)(
    '$name is made and verified',
    async (vector) => {
      using seed = Secret.adopt(fromHex(vector.seed));
      const message = fromHex(vector.message);
      const signature = await sign(seed, message);
      expect(toHex(signature)).toBe(vector.signature);
      expect(toHex(await publicKeyOf(seed))).toBe(vector.publicKey);
      expect(await verify(importPublicKey(fromHex(vector.publicKey)), message, signature)).toBe(true);
    },
  );
});

describe('Wycheproof', () => {
  const { testGroups, numberOfTests } = readVectors<WycheproofVectors>('wycheproof/ed25519_test.json');
  const cases = testGroups.flatMap(({ publicKey, tests }) => tests.map((each) => ({ pk: publicKey.pk, ...each })));

  test('is read whole', () => {
    expect(cases).toHaveLength(numberOfTests);
  });

  test.each(cases)('test $tcId ($comment) is $result', async ({ pk, msg, sig, result }) => {
    expect(await verify(importPublicKey(fromHex(pk)), fromHex(msg), fromHex(sig))).toBe(result === 'valid');
  });
});

test('a signature with any bit turned is refused, and so is any other message', async () => {
  using seed = generateSeed();
  const publicKey = await publicKeyOf(seed);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.nat(639), async (message, bit) => {
      const signature = await sign(seed, message);
      expect(await verify(publicKey, message, signature)).toBe(true);
      expect(await verify(publicKey, message, flipBit(signature, bit % 512))).toBe(false);
      expect(await verify(publicKey, flipBit(message, bit), signature)).toBe(false);
    }),
  );
});

test.each([0, 63, 65, 128])('a signature of %i bytes is not valid', async (length) => {
  using seed = generateSeed();
  expect(await verify(await publicKeyOf(seed), new Uint8Array(), new Uint8Array(length))).toBe(false);
});

test.each([0, 31, 33, 64])('a public key of %i bytes is malformed', async (length) => {
  await expectCode('malformed_key', () => importPublicKey(new Uint8Array(length).fill(3)));
});

test.each([0, 31, 33, 64])('a seed of %i bytes is a mistake of the program', async (length) => {
  using seed = Secret.adopt(new Uint8Array(length));
  await expect(sign(seed, new Uint8Array())).rejects.toThrow(TypeError);
  await expect(publicKeyOf(seed)).rejects.toThrow(TypeError);
});

test('an imported key is a copy that the caller cannot change afterwards', async () => {
  using seed = generateSeed();
  const bytes = new Uint8Array(await publicKeyOf(seed));
  const imported = importPublicKey(bytes);
  bytes.fill(0);
  expect(imported).toEqual(await publicKeyOf(seed));
});

test('a key whose bytes are changed after it has verified is that of its new bytes', async () => {
  const [first, second] = [generateSeed(), generateSeed()];
  const message = Uint8Array.of(1, 2, 3);
  const key = await publicKeyOf(first);
  const signature = await sign(first, message);
  expect(await verify(key, message, signature)).toBe(true);
  key.set(await publicKeyOf(second));
  expect(await verify(key, message, signature)).toBe(false);
  expect(await verify(key, message, await sign(second, message))).toBe(true);
});

test('more keys than are remembered verify all the same', async () => {
  const message = Uint8Array.of(1, 2, 3);
  const seeds = Array.from({ length: 1002 }, () => generateSeed());
  const signed = await Promise.all(
    seeds.map(async (seed) => [await publicKeyOf(seed), await sign(seed, message)] as const),
  );
  for (const [key, signature] of [...signed, ...signed.slice(0, 3)])
    expect(await verify(key, message, signature)).toBe(true);
  const [[first], [, other]] = signed as [(typeof signed)[0], (typeof signed)[0]];
  expect(await verify(first, message, other)).toBe(false);
});

test('two generated seeds differ', () => {
  using first = generateSeed();
  using second = generateSeed();
  expect(first.bytes).not.toEqual(second.bytes);
});

// RFC 8032, section 5.1.7, leaves it open whether both sides of the equation are multiplied by the cofactor 8, by which
// parts of small order vanish. All platforms here must judge alike: they do not multiply.
describe('a signature that is valid only with the cofactor is refused:', () => {
  const { Point } = ed25519;
  const small = Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? '');
  const secret = 123_456_789n;
  const nonce = 987_654_321n;

  function signBy(publicKey: InstanceType<typeof Point>, commitment: InstanceType<typeof Point>, message: Uint8Array) {
    const [r, a] = [commitment.toBytes(), publicKey.toBytes()];
    const digest = createHash('sha512').update(r).update(a).update(message).digest().reverse().toString('hex');
    const challenge = BigInt(`0x${digest}`) % Point.Fn.ORDER;
    const s = Point.Fn.toBytes(Point.Fn.create(nonce + challenge * secret));
    return { signature: concatBytes(r, s), challenge };
  }

  async function isValid(publicKey: InstanceType<typeof Point>, message: Uint8Array, signature: Uint8Array) {
    return verify(importPublicKey(publicKey.toBytes()), message, signature);
  }

  test('one made in this way without such a part is valid', async () => {
    const publicKey = Point.BASE.multiply(secret);
    const { signature } = signBy(publicKey, Point.BASE.multiply(nonce), encodeUtf8('a message'));
    expect(await isValid(publicKey, encodeUtf8('a message'), signature)).toBe(true);
  });

  test('by a public key with a part of small order', async () => {
    const publicKey = Point.BASE.multiply(secret).add(small);
    let refused = 0;
    for (let i = 0; i < 16; i++) {
      const message = encodeUtf8(`message ${i}`);
      const { signature, challenge } = signBy(publicKey, Point.BASE.multiply(nonce), message);
      expect(ed25519.verify(signature, message, publicKey.toBytes(), { zip215: false })).toBe(true);
      expect(await isValid(publicKey, message, signature)).toBe(challenge % 8n === 0n);
      if (challenge % 8n !== 0n) refused++;
    }
    expect(refused).toBeGreaterThan(5);
  });

  test('with a commitment that has a part of small order', async () => {
    const publicKey = Point.BASE.multiply(secret);
    const message = encodeUtf8('a message');
    const { signature } = signBy(publicKey, Point.BASE.multiply(nonce).add(small), message);
    expect(ed25519.verify(signature, message, publicKey.toBytes(), { zip215: false })).toBe(true);
    expect(await isValid(publicKey, message, signature)).toBe(false);
  });

  test('with an s that is not reduced', async () => {
    const publicKey = Point.BASE.multiply(secret);
    const message = encodeUtf8('a message');
    const { signature } = signBy(publicKey, Point.BASE.multiply(nonce), message);
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + Point.Fn.ORDER;
    const unreduced = fromHex(s.toString(16).padStart(64, '0')).reverse();
    expect(await isValid(publicKey, message, concatBytes(signature.subarray(0, 32), unreduced))).toBe(false);
  });
});
