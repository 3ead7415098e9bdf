import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importPublicKey, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import {
  agreeX25519,
  generateX25519Key,
  x25519KeyOfEd25519,
  x25519KeyOfSeed,
  x25519PublicKeyOf,
} from '../../src/crypto/x25519.ts';
import { fromHex, readVectors, toHex } from '../support/vectors.ts';

interface RfcVectors {
  readonly multiplications: readonly {
    readonly name: string;
    readonly scalar: string;
    readonly u: string;
    readonly output: string;
  }[];
  readonly iterated: { readonly start: string; readonly one: string; readonly thousand: string };
  readonly agreement: Readonly<Record<'alicePrivate' | 'alicePublic' | 'bobPrivate' | 'bobPublic' | 'shared', string>>;
}

async function agree(privateKey: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array | undefined> {
  using key = Secret.copyOf(privateKey);
  using shared = await agreeX25519(key, publicKey);
  return shared && new Uint8Array(shared.bytes);
}

describe('RFC 7748', () => {
  const { multiplications, iterated, agreement } = readVectors<RfcVectors>('rfc/x25519_rfc7748.json');

  test.each(multiplications)('$name gives its output', async ({ scalar, u, output }) => {
    expect(await agree(fromHex(scalar), fromHex(u))).toEqual(fromHex(output));
  });

  test('section 5.2, iterated, gives its output after one step and after a thousand', async () => {
    let [k, u]: [Uint8Array, Uint8Array] = [fromHex(iterated.start), fromHex(iterated.start)];
    for (let step = 1; step <= 1000; step++) {
      [k, u] = [(await agree(k, u)) ?? new Uint8Array(0), k];
      if (step === 1) expect(toHex(k)).toBe(iterated.one);
    }
    expect(toHex(k)).toBe(iterated.thousand);
  });

  test('section 6.1: both sides have their public keys, and compute the same', async () => {
    using alice = Secret.adopt(fromHex(agreement.alicePrivate));
    using bob = Secret.adopt(fromHex(agreement.bobPrivate));
    expect(toHex(await x25519PublicKeyOf(alice))).toBe(agreement.alicePublic);
    expect(toHex(await x25519PublicKeyOf(bob))).toBe(agreement.bobPublic);
    expect(await agree(alice.bytes, fromHex(agreement.bobPublic))).toEqual(fromHex(agreement.shared));
    expect(await agree(bob.bytes, fromHex(agreement.alicePublic))).toEqual(fromHex(agreement.shared));
  });
});

describe('a public key of small order', () => {
  const ones = 'ff'.repeat(30);
  test.each([
    ['0', '00'.repeat(32)],
    ['1', `01${'00'.repeat(31)}`],
    ['order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
    ['order 8, the other', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
    ['p - 1', `ec${ones}7f`],
    ['p for 0', `ed${ones}7f`],
    ['p + 1 for 1', `ee${ones}7f`],
    ['0 with the highest bit', `${'00'.repeat(31)}80`],
    ['p - 1 with the highest bit', `ec${ones}ff`],
  ])('(%s) agrees on nothing', async (_, hex) => {
    using key = generateX25519Key();
    expect(await agreeX25519(key, fromHex(hex))).toBeUndefined();
  });
});

describe('a key of Ed25519 as one of X25519', () => {
  // libsodium 1.0.18, test/default/ed25519_convert.c and .exp.
  test('is that of libsodium', async () => {
    using seed = Secret.adopt(fromHex('421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee'));
    using privateKey = await x25519KeyOfSeed(seed);
    expect(toHex(privateKey.bytes)).toBe('8052030376d47112be7f73ed7a019293dd12ad910b654455798b4667d73de166');
    expect(toHex(x25519KeyOfEd25519(await publicKeyOf(seed)))).toBe(
      'f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50',
    );
  });

  test('is a pair again, and that of another implementation, for every seed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
        using seed = Secret.copyOf(bytes);
        const publicKey = await publicKeyOf(seed);
        using converted = await x25519KeyOfSeed(seed);
        expect(await x25519PublicKeyOf(converted)).toEqual(x25519KeyOfEd25519(publicKey));
        expect(toHex(converted.bytes)).toBe(toHex(ed25519.utils.toMontgomerySecret(bytes)));
        expect(toHex(x25519KeyOfEd25519(publicKey))).toBe(toHex(ed25519.utils.toMontgomery(publicKey)));
      }),
      { numRuns: 50 },
    );
  });

  test('does not depend on the sign of x', async () => {
    using seed = generateX25519Key();
    const publicKey = await publicKeyOf(seed);
    const negated = new Uint8Array(publicKey);
    negated[31] = (negated[31] ?? 0) ^ 0x80;
    expect(x25519KeyOfEd25519(importPublicKey(negated))).toEqual(x25519KeyOfEd25519(publicKey));
  });
});

test.each([0, 31, 33])('a key of %i bytes is a mistake of the program', async (length) => {
  using wrong = Secret.adopt(new Uint8Array(length));
  using key = generateX25519Key();
  await expect(agreeX25519(key, wrong.bytes)).rejects.toThrow(TypeError);
  await expect(agreeX25519(wrong, key.bytes)).rejects.toThrow(TypeError);
  await expect(x25519PublicKeyOf(wrong)).rejects.toThrow(TypeError);
  await expect(x25519KeyOfSeed(wrong)).rejects.toThrow(TypeError);
});
