import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { type Ed25519PublicKey, importPublicKey, importPublicKeyToVerify, verify } from '../../src/crypto/ed25519.ts';
import { expectCode } from '../support/codes.ts';
import { fromHex, readVectors, toHex } from '../support/vectors.ts';

interface Case {
  readonly message: string;
  readonly pub_key: string;
  readonly signature: string;
}

// What the key's import says of each published case, and what the runtime's verification says of it without that import.
// The verdicts are those of the runtimes that are supported: where one of them changes, a row here fails.
const verdicts = [
  ['A and R of small order', 'weak_key', false],
  ['A of small order', 'weak_key', false],
  ['R of small order, A mixed', undefined, false],
  ['A and R mixed, valid without the cofactor too', undefined, true],
  ['A and R mixed, valid with the cofactor alone', undefined, false],
  ['A mixed, valid with the cofactor where it is multiplied last', undefined, false],
  ['S greater than L', undefined, false],
  ['S far greater than L', undefined, false],
  ['R not canonical, hashed as reduced', undefined, false],
  ['R not canonical, hashed as it is', undefined, false],
  ['A not canonical, hashed as reduced', 'malformed_key', false],
  ['A not canonical, hashed as it is', 'malformed_key', false],
] as const;
const cases = readVectors<readonly Case[]>('ed25519/speccheck.json');

// The check that importPublicKey makes is left out here: only the runtime is asked.
function ask(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return verify(key as Ed25519PublicKey, message, signature);
}

describe('of the published cases of "Taming the many EdDSAs"', () => {
  test('all are judged', () => {
    expect(cases).toHaveLength(verdicts.length);
  });

  test.each(verdicts.map((verdict, index) => [index, ...verdict] as const))(
    'case %i (%s) has the code %s at import, and the verdict %s of the runtime',
    async (index, _, code, verdict) => {
      const { message, pub_key, signature } = cases[index] as Case;
      const key = fromHex(pub_key);
      expect(await ask(key, fromHex(message), fromHex(signature))).toBe(verdict);
      for (const read of [importPublicKey, importPublicKeyToVerify]) {
        if (code === undefined) expect(toHex(read(key))).toBe(pub_key);
        else await expectCode(code, () => read(key));
      }
    },
  );
});

describe('a point of small order', () => {
  // The eight points, then the six further spellings that a lax decoder takes for one of them (ZIP 215).
  const canonical = [
    `01${'00'.repeat(31)}`,
    `ec${'ff'.repeat(30)}7f`,
    '00'.repeat(32),
    `${'00'.repeat(31)}80`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ];
  const others = [
    `01${'00'.repeat(30)}80`,
    `ec${'ff'.repeat(31)}`,
    `ed${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(31)}`,
    `ee${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(31)}`,
  ];
  const message = encodeUtf8('a message');

  test.each(canonical)('%s is weak as a key', async (hex) => {
    await expectCode('weak_key', () => importPublicKey(fromHex(hex)));
    await expectCode('weak_key', () => importPublicKeyToVerify(fromHex(hex)));
  });

  test.each(others)('in the spelling %s is malformed as a key', async (hex) => {
    await expectCode('malformed_key', () => importPublicKey(fromHex(hex)));
    await expectCode('malformed_key', () => importPublicKeyToVerify(fromHex(hex)));
  });

  test('is refused by the runtime as a key, with each of them as R and an S of 0', async () => {
    for (const key of [...canonical, ...others]) {
      for (const commitment of [...canonical, ...others]) {
        const signature = concatBytes(fromHex(commitment), new Uint8Array(32));
        expect([key, commitment, await ask(fromHex(key), message, signature)]).toEqual([key, commitment, false]);
      }
    }
  });

  test('is refused by the runtime as R, where the equation holds', async () => {
    const { Point } = ed25519;
    const secret = 123_456_789n;
    const key = Point.BASE.multiply(secret).toBytes();
    const answers: boolean[] = [];
    for (const hex of canonical) {
      const digest = createHash('sha512').update(fromHex(hex)).update(key).update(message).digest().reverse();
      const challenge = BigInt(`0x${digest.toString('hex')}`) % Point.Fn.ORDER;
      const s = Point.Fn.toBytes(Point.Fn.create(challenge * secret));
      const signature = concatBytes(fromHex(hex), s);
      expect(ed25519.verify(signature, message, key, { zip215: true })).toBe(true);
      answers.push(await ask(key, message, signature));
    }
    expect(answers).toEqual([false, false, false, false, false, false, false, false]);
  });
});
