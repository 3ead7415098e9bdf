import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { derTag, encodeDer, encodeDerUnsigned } from '../../src/crypto/der.ts';
import {
  importRsaPublicKey,
  rsaNumbersOf,
  rsaPublicKeyOf,
  rsaSignatureLength,
  verifyRsa,
} from '../../src/crypto/rsa.ts';
import { expectCode } from '../support/codes.ts';
import { flipBit, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface WycheproofVectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly modulus: string; readonly publicExponent: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid' | 'acceptable';
    }[];
  }[];
}

const message = encodeUtf8('a message');

function pkcs1Of(key: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(key.export({ format: 'der', type: 'pkcs1' }));
}

function derOf(modulus: Uint8Array, exponent: number): Uint8Array {
  const n = encodeDer(derTag.integer, concatBytes(Uint8Array.of(0), modulus));
  return encodeDer(derTag.sequence, n, encodeDerUnsigned(exponent));
}

// An odd number of so many bits.
function modulusOf(bits: number): Uint8Array<ArrayBuffer> {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xa5);
  modulus[0] = 1 << ((bits - 1) % 8);
  return modulus;
}

describe('Wycheproof', () => {
  const { testGroups, numberOfTests } = readVectors<WycheproofVectors>(
    'wycheproof/rsa_signature_2048_sha256_test.json',
  );
  const cases = testGroups.flatMap(({ publicKey, tests }) => tests.map((each) => ({ publicKey, ...each })));

  test('is read whole', () => {
    expect(cases).toHaveLength(numberOfTests);
  });

  // What is "acceptable" there is a DigestInfo without its NULL: one message has one signature here.
  const isUsual = ({ publicKey }: (typeof cases)[number]) => publicKey.publicExponent === '010001';
  test.each(cases.filter(isUsual))('test $tcId ($comment) is $result', async ({ publicKey, msg, sig, result }) => {
    const modulus = fromHex(publicKey.modulus.replace(/^(00)+/, ''));
    const exponent = fromHex(publicKey.publicExponent.replace(/^(00)+/, ''));
    const key = rsaPublicKeyOf({ modulus, exponent });
    expect(await verifyRsa(key, fromHex(msg), fromHex(sig))).toBe(result === 'valid');
  });

  test('has two keys of the exponent 3, which are weak', async () => {
    const others = cases.filter((each) => !isUsual(each));
    expect(others.map(({ publicKey }) => publicKey.publicExponent)).toEqual(['03', '03']);
    for (const { publicKey } of others) {
      const modulus = fromHex(publicKey.modulus.replace(/^(00)+/, ''));
      await expectCode('weak_key', () => rsaPublicKeyOf({ modulus, exponent: Uint8Array.of(3) }));
    }
  });
});

describe.each([2048, 3072, 4096])('a key of %i bits', (modulusLength) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const key = importRsaPublicKey(pkcs1Of(publicKey));
  const signature = new Uint8Array(sign('sha256', message, privateKey));

  test('verifies what OpenSSL signs with it, and nothing else', async () => {
    expect(signature).toHaveLength(modulusLength / 8);
    expect(rsaSignatureLength(key)).toBe(modulusLength / 8);
    expect(await verifyRsa(key, message, signature)).toBe(true);
    expect(await verifyRsa(key, encodeUtf8('another'), signature)).toBe(false);
    for (let bit = 0; bit < modulusLength; bit += 97) {
      expect(await verifyRsa(key, message, flipBit(signature, bit))).toBe(false);
    }
    for (const other of [new Uint8Array(), signature.subarray(1), concatBytes(signature, Uint8Array.of(0))]) {
      expect(await verifyRsa(key, message, other)).toBe(false);
    }
    for (const hash of ['sha1', 'sha384', 'sha512']) {
      expect(await verifyRsa(key, message, new Uint8Array(sign(hash, message, privateKey)))).toBe(false);
    }
  });

  // RFC 8017, section 5.2.2: a representative of the modulus or more is out of range.
  test('has one signature for a message: its sum with the modulus is not a signature', async () => {
    const { modulus } = rsaNumbersOf(key);
    const sum = BigInt(`0x${toHex(signature)}`) + BigInt(`0x${toHex(modulus)}`);
    const hex = sum.toString(16).padStart(2 * modulus.length, '0');
    const other = hex.length > 2 * modulus.length ? modulus : fromHex(hex);
    expect(await verifyRsa(key, message, other)).toBe(false);
  });

  test('is the same from its numbers', () => {
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
    const numbers = { modulus: Buffer.from(n, 'base64url'), exponent: Buffer.from(e, 'base64url') };
    expect(rsaPublicKeyOf(numbers)).toEqual(key);
    expect(toHex(rsaNumbersOf(key).modulus)).toBe(toHex(numbers.modulus));
    expect(createPublicKey({ key: Buffer.from(key), format: 'der', type: 'pkcs1' }).equals(publicKey)).toBe(true);
  });
});

test.each([
  [2048, 65_537],
  [2049, 65_537],
  [4095, 65_537],
  [4096, 65_537],
  [2048, 65_539],
  [2048, 4_294_967_295],
])('a modulus of %i bits with the exponent %i is read', (bits, exponent) => {
  const der = derOf(modulusOf(bits), exponent);
  // A first byte below 0x80 needs no zero.
  const shortest =
    bits % 8 === 0
      ? der
      : encodeDer(derTag.sequence, encodeDer(derTag.integer, modulusOf(bits)), encodeDerUnsigned(exponent));
  expect(importRsaPublicKey(shortest)).toEqual(new Uint8Array(shortest));
});

test.each([
  [512, 65_537],
  [1024, 65_537],
  [2047, 65_537],
  [2048, 1],
  [2048, 3],
  [2048, 17],
  [2048, 65_535],
])('a modulus of %i bits with the exponent %i is weak', async (bits, exponent) => {
  const modulus = bits % 8 === 0 ? derOf(modulusOf(bits), exponent) : undefined;
  const der =
    modulus ?? encodeDer(derTag.sequence, encodeDer(derTag.integer, modulusOf(bits)), encodeDerUnsigned(exponent));
  await expectCode('weak_key', () => importRsaPublicKey(der));
});

describe('what is no RSA public key is malformed:', () => {
  const n = encodeDer(derTag.integer, concatBytes(Uint8Array.of(0), modulusOf(2048)));
  const e = encodeDerUnsigned(65_537);
  const even = modulusOf(2048);
  even[255] = 0xa4;
  const sequence = (...parts: readonly Uint8Array[]) => encodeDer(derTag.sequence, ...parts);
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['zeros', new Uint8Array(270)],
    ['more than 4096 bits', derOf(modulusOf(4104), 65_537)],
    ['an even modulus', derOf(even, 65_537)],
    ['an even exponent', derOf(modulusOf(2048), 65_538)],
    ['an exponent of 0', derOf(modulusOf(2048), 0)],
    ['an exponent of 33 bits', sequence(n, encodeDer(derTag.integer, fromHex('0100000001')))],
    ['a negative modulus', sequence(encodeDer(derTag.integer, modulusOf(2048)), e)],
    ['a negative exponent', sequence(n, encodeDer(derTag.integer, fromHex('ff0001')))],
    ['two zeros before the modulus', sequence(encodeDer(derTag.integer, new Uint8Array(2), modulusOf(2048)), e)],
    ['a zero before the exponent', sequence(n, encodeDer(derTag.integer, fromHex('00010001')))],
    ['no exponent', sequence(n)],
    ['a third number', sequence(n, e, e)],
    ['a byte behind it', concatBytes(sequence(n, e), Uint8Array.of(0))],
    ['a byte cut', sequence(n, e).subarray(0, -1)],
    ['a long length', concatBytes(fromHex('3083000109'), sequence(n, e).subarray(4))],
    [
      'a SubjectPublicKeyInfo',
      new Uint8Array(
        generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' }),
      ),
    ],
  ])('%s', async (_, der) => {
    await expectCode('malformed_key', () => importRsaPublicKey(der));
  });
});
