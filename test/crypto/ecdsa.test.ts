import { createPublicKey, generateKeyPairSync, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import {
  compressEcdsaPublicKey,
  decompressEcdsaPublicKey,
  ecdsaPublicKeyOf,
  ecdsaSignatureLength,
  generateEcdsaKey,
  importEcdsaPublicKey,
  malleateEcdsa,
  type SigningCurve,
  signEcdsa,
  verifyEcdsa,
} from '../../src/crypto/ecdsa.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { expectCode } from '../support/codes.ts';
import { flipBit, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface EcdsaVectors {
  readonly vectors: readonly {
    readonly curve: SigningCurve;
    readonly privateKey: string;
    readonly publicKey: string;
    readonly message: string;
    readonly signature: string;
  }[];
}

// The order of each group, and the prime of each field.
const orders = {
  p256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  secp256k1: 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
};
const primes = {
  p256: 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
  secp256k1: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f',
};
const zero = '00'.repeat(32);

describe('a published signature', () => {
  test.each(readVectors<EcdsaVectors>('keys/ecdsa_signatures.json').vectors)(
    'on $curve of "$message" verifies, and so does one made anew',
    async ({ curve, privateKey, publicKey, message, signature }) => {
      using scalar = Secret.adopt(fromHex(privateKey));
      const key = compressEcdsaPublicKey(curve, fromHex(publicKey));
      expect(await ecdsaPublicKeyOf(curve, scalar)).toEqual(key);
      expect(toHex(decompressEcdsaPublicKey(curve, key))).toBe(publicKey);
      expect(await verifyEcdsa(curve, key, encodeUtf8(message), fromHex(signature))).toBe(true);
      const own = await signEcdsa(curve, scalar, encodeUtf8(message));
      expect(await verifyEcdsa(curve, key, encodeUtf8(message), own)).toBe(true);
    },
  );
});

describe.each(['p256', 'secp256k1'] as const)('on %s', (curve) => {
  const messages = fc.uint8Array({ maxLength: 80 });

  test('a signature verifies, and with any bit turned it does not, nor for any other message', async () => {
    using scalar = await generateEcdsaKey(curve);
    const key = await ecdsaPublicKeyOf(curve, scalar);
    await fc.assert(
      fc.asyncProperty(messages, fc.nat(511), async (message, bit) => {
        const signature = await signEcdsa(curve, scalar, message);
        expect(signature).toHaveLength(64);
        expect(await verifyEcdsa(curve, key, message, signature)).toBe(true);
        expect(await verifyEcdsa(curve, key, message, flipBit(signature, bit))).toBe(false);
        expect(await verifyEcdsa(curve, key, Uint8Array.of(...message, 0), signature)).toBe(false);
      }),
    );
  });

  test('a signature is one that Node verifies', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve === 'p256' ? 'P-256' : curve });
    using scalar = Secret.copyOf(privateKey.export({ format: 'raw-private' }));
    const signature = await signEcdsa(curve, scalar, encodeUtf8('a message'));
    const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }));
    expect(nodeVerify('sha256', encodeUtf8('a message'), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  test('a malleated signature is another that verifies, and malleated again the first', async () => {
    using scalar = await generateEcdsaKey(curve);
    const key = await ecdsaPublicKeyOf(curve, scalar);
    await fc.assert(
      fc.asyncProperty(messages, async (message) => {
        const signature = await signEcdsa(curve, scalar, message);
        const twin = malleateEcdsa(curve, signature);
        expect(twin).not.toEqual(signature);
        expect(await verifyEcdsa(curve, key, message, twin)).toBe(true);
        expect(malleateEcdsa(curve, twin)).toEqual(signature);
      }),
    );
  });

  test.each([
    ['r of 0', `${zero}${'11'.repeat(32)}`],
    ['s of 0', `${'11'.repeat(32)}${zero}`],
    ['nothing but 0', zero + zero],
    ['r of the order', `${orders[curve]}${'11'.repeat(32)}`],
    ['s of the order', `${'11'.repeat(32)}${orders[curve]}`],
    ['all bits set', 'ff'.repeat(64)],
  ])('a signature with %s is not valid', async (_, signature) => {
    using scalar = await generateEcdsaKey(curve);
    const key = await ecdsaPublicKeyOf(curve, scalar);
    expect(await verifyEcdsa(curve, key, new Uint8Array(), fromHex(signature))).toBe(false);
  });

  test('a signature is not valid in DER, nor with a byte more or less', async () => {
    using scalar = await generateEcdsaKey(curve);
    const key = await ecdsaPublicKeyOf(curve, scalar);
    const message = encodeUtf8('a message');
    const signature = await signEcdsa(curve, scalar, message);
    for (const other of [signature.subarray(1), signature.subarray(0, 63), Uint8Array.of(...signature, 0)]) {
      expect(await verifyEcdsa(curve, key, message, other)).toBe(false);
    }
    const der = fromHex(`30440220${toHex(signature.subarray(0, 32))}0220${toHex(signature.subarray(32))}`);
    expect(await verifyEcdsa(curve, key, message, der)).toBe(false);
  });

  test('a public key is compressed and decompressed without a change', async () => {
    using scalar = await generateEcdsaKey(curve);
    const key = await ecdsaPublicKeyOf(curve, scalar);
    const point = decompressEcdsaPublicKey(curve, key);
    expect(point[0]).toBe(4);
    expect(compressEcdsaPublicKey(curve, point)).toEqual(key);
    expect(importEcdsaPublicKey(curve, key)).toEqual(key);
  });

  test('a point with any bit turned is malformed', async () => {
    using scalar = await generateEcdsaKey(curve);
    const point = decompressEcdsaPublicKey(curve, await ecdsaPublicKeyOf(curve, scalar));
    for (let bit = 0; bit < 8 * point.length; bit += 5) {
      await expectCode('malformed_key', () => compressEcdsaPublicKey(curve, flipBit(point, bit)));
    }
  });

  test.each([
    ['the point at infinity', '00'],
    ['a first byte of 4', `04${'11'.repeat(32)}`],
    ['a first byte of 0', `00${'11'.repeat(32)}`],
    ['x that is the prime of the field', `02${primes[curve]}`],
    ['x with all bits set', `02${'ff'.repeat(32)}`],
    ['no byte', ''],
    ['a byte too few', `02${'11'.repeat(31)}`],
    ['a byte too many', `02${'11'.repeat(33)}`],
  ])('a public key of %s is malformed', async (_, hex) => {
    await expectCode('malformed_key', () => importEcdsaPublicKey(curve, fromHex(hex)));
  });

  test.each([
    ['0', zero],
    ['the order', orders[curve]],
    ['all bits set', 'ff'.repeat(32)],
    ['a byte too few', '11'.repeat(31)],
    ['a byte too many', '11'.repeat(33)],
  ])('a private key of %s is malformed', async (_, hex) => {
    using scalar = Secret.adopt(fromHex(hex));
    await expectCode('malformed_key', () => ecdsaPublicKeyOf(curve, scalar));
  });

  test('an imported key is a copy that the caller cannot change afterwards', async () => {
    using scalar = await generateEcdsaKey(curve);
    const bytes = new Uint8Array(await ecdsaPublicKeyOf(curve, scalar));
    const imported = importEcdsaPublicKey(curve, bytes);
    bytes.fill(0);
    expect(imported).toEqual(await ecdsaPublicKeyOf(curve, scalar));
  });
});

test('about half of random x are on a curve', async () => {
  let valid = 0;
  for (let i = 0; i < 200; i++) {
    using scalar = await generateEcdsaKey('p256');
    try {
      importEcdsaPublicKey('secp256k1', Uint8Array.of(2, ...scalar.bytes));
      valid++;
    } catch {}
  }
  expect(valid).toBeGreaterThan(60);
  expect(valid).toBeLessThan(140);
});

interface WycheproofVectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly uncompressed: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

// Curves whose keys verify and never sign here.
describe.each([
  ['p384', 'P-384', 'sha384', 48, 'wycheproof/ecdsa_secp384r1_sha384_p1363_test.json'],
  ['p521', 'P-521', 'sha512', 66, 'wycheproof/ecdsa_secp521r1_sha512_p1363_test.json'],
] as const)('on %s', (curve, namedCurve, hash, length, file) => {
  const { testGroups, numberOfTests } = readVectors<WycheproofVectors>(file);
  const cases = testGroups.flatMap(({ publicKey, tests }) => tests.map((each) => ({ ...publicKey, ...each })));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const point = new Uint8Array(publicKey.export({ format: 'raw-public' }));
  const signByNode = (message: Uint8Array) =>
    new Uint8Array(nodeSign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));

  test('Wycheproof is read whole', () => {
    expect(cases).toHaveLength(numberOfTests);
  });

  test.each(cases)('Wycheproof $tcId ($comment) is $result', async ({ uncompressed, msg, sig, result }) => {
    const key = compressEcdsaPublicKey(curve, fromHex(uncompressed));
    expect(toHex(decompressEcdsaPublicKey(curve, key))).toBe(uncompressed);
    expect(await verifyEcdsa(curve, key, fromHex(msg), fromHex(sig))).toBe(result === 'valid');
  });

  test('what Node signs verifies, and with any bit turned it does not, nor for any other message', async () => {
    const key = compressEcdsaPublicKey(curve, point);
    const message = encodeUtf8('a message');
    const signature = signByNode(message);
    expect([key.length, signature.length]).toEqual([1 + length, 2 * length]);
    expect(ecdsaSignatureLength(curve)).toBe(2 * length);
    expect(await verifyEcdsa(curve, key, message, signature)).toBe(true);
    expect(await verifyEcdsa(curve, key, encodeUtf8('another'), signature)).toBe(false);
    for (let bit = 0; bit < 16 * length; bit += 29) {
      expect(await verifyEcdsa(curve, key, message, flipBit(signature, bit))).toBe(false);
    }
    for (const other of [signature.subarray(1), Uint8Array.of(...signature, 0), signature.subarray(0, 64)]) {
      expect(await verifyEcdsa(curve, key, message, other)).toBe(false);
    }
  });

  test('a malleated signature is another that verifies, and malleated again the first', async () => {
    const key = compressEcdsaPublicKey(curve, point);
    for (let run = 0; run < 20; run++) {
      const message = Uint8Array.of(run);
      const signature = signByNode(message);
      const twin = malleateEcdsa(curve, signature);
      expect(twin).not.toEqual(signature);
      expect(await verifyEcdsa(curve, key, message, twin)).toBe(true);
      expect(malleateEcdsa(curve, twin)).toEqual(signature);
    }
  });

  test.each([
    ['a first byte of 4', (bytes: Uint8Array) => Uint8Array.of(4, ...bytes.subarray(1, 1 + length))],
    ['all bits of x', () => Uint8Array.of(2, ...new Uint8Array(length).fill(0xff))],
    ['a byte too few', (bytes: Uint8Array) => Uint8Array.of(2, ...bytes.subarray(1, length))],
    ['a byte too many', (bytes: Uint8Array) => Uint8Array.of(2, ...bytes.subarray(1, 2 + length))],
    ['the whole point', (bytes: Uint8Array) => bytes],
    ['nothing', () => new Uint8Array()],
  ])('a public key of %s is malformed', async (_, change) => {
    await expectCode('malformed_key', () => importEcdsaPublicKey(curve, change(point)));
  });

  test('a point with any bit turned is malformed', async () => {
    for (let bit = 0; bit < 8 * point.length; bit += 41) {
      await expectCode('malformed_key', () => compressEcdsaPublicKey(curve, flipBit(point, bit)));
    }
  });
});
