import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/bytes.ts';
import { open, seal, sealOverhead } from '../../src/crypto/aead.ts';
import { randomBytes } from '../../src/crypto/random.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { failureOf } from '../support/codes.ts';
import { countUp, flipBit, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface WycheproofVectors {
  readonly testGroups: readonly {
    readonly keySize: number;
    readonly ivSize: number;
    readonly tagSize: number;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly key: string;
      readonly iv: string;
      readonly aad: string;
      readonly msg: string;
      readonly ct: string;
      readonly tag: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

const { testGroups } = readVectors<WycheproofVectors>('wycheproof/aes_gcm_test.json');
const supported = testGroups.filter((group) => group.keySize === 256 && group.ivSize === 96 && group.tagSize === 128);
const unsupported = testGroups.filter((group) => !supported.includes(group));

describe('Wycheproof', () => {
  test.each(supported.flatMap((group) => group.tests))('test $tcId ($comment) is $result', async (vector) => {
    const [nonce, aad, message, ciphertext, tag] = [vector.iv, vector.aad, vector.msg, vector.ct, vector.tag].map(
      fromHex,
    );
    if (!nonce || !aad || !message || !ciphertext || !tag) throw new TypeError('a vector is incomplete');
    using key = Secret.adopt(fromHex(vector.key));
    const sealed = concatBytes(nonce, ciphertext, tag);
    using opened = (await open(key, sealed, aad)) ?? Secret.adopt(fromHex('ff'));
    if (vector.result === 'valid') {
      expect(toHex(opened.bytes)).toBe(vector.msg);
      expect(toHex(await seal(key, message, aad, nonce))).toBe(toHex(sealed));
    } else {
      expect(toHex(opened.bytes)).toBe('ff');
    }
  });

  test('with a key or nonce of another size is a mistake of the program', async () => {
    for (const { tests } of unsupported) {
      for (const vector of tests) {
        using key = Secret.adopt(fromHex(vector.key));
        const sealing = () => seal(key, fromHex(vector.msg), fromHex(vector.aad), fromHex(vector.iv));
        expect(await failureOf(sealing), `test ${vector.tcId}`).toBeInstanceOf(TypeError);
      }
    }
  });
});

const aad = countUp(5);

test('what was sealed opens, and only with its key and associated data', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 40 }), async (message, context) => {
      using key = Secret.adopt(randomBytes(32));
      using other = Secret.adopt(randomBytes(32));
      const sealed = await seal(key, message, context);
      expect(sealed).toHaveLength(message.length + sealOverhead);
      expect((await open(key, sealed, context))?.bytes).toEqual(message);
      expect(await open(other, sealed, context)).toBeUndefined();
      expect(await open(key, sealed, concatBytes(context, Uint8Array.of(0)))).toBeUndefined();
    }),
  );
});

test('what was sealed does not open with any bit turned, or any byte cut or added', async () => {
  using key = Secret.adopt(randomBytes(32));
  const sealed = await seal(key, countUp(32), aad);
  for (let bit = 0; bit < sealed.length * 8; bit++) expect(await open(key, flipBit(sealed, bit), aad)).toBeUndefined();
  for (let end = 0; end < sealed.length; end++) expect(await open(key, sealed.subarray(0, end), aad)).toBeUndefined();
  expect(await open(key, concatBytes(sealed, Uint8Array.of(0)), aad)).toBeUndefined();
});

test('two seals of the same text take different nonces', async () => {
  using key = Secret.adopt(randomBytes(32));
  const [first, second] = [await seal(key, countUp(8), aad), await seal(key, countUp(8), aad)];
  expect(first.subarray(0, 12)).not.toEqual(second.subarray(0, 12));
});

test('opening with a key of another size is a mistake of the program', async () => {
  using key = Secret.adopt(randomBytes(16));
  await expect(open(key, new Uint8Array(60), aad)).rejects.toThrow(TypeError);
});
