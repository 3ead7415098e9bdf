import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { argon2id } from '../../src/crypto/argon2.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { countUp, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface RfcVectors {
  readonly vectors: readonly {
    readonly type: 'argon2id';
    readonly memoryKiB: number;
    readonly passes: number;
    readonly parallelism: number;
    readonly password: string;
    readonly salt: string;
    readonly secret: string;
    readonly associatedData: string;
    readonly tag: string;
  }[];
}

test.each(readVectors<RfcVectors>('rfc/argon2_rfc9106.json').vectors)(
  'RFC 9106 $type gives its tag',
  async (vector) => {
    using passphrase = Secret.adopt(fromHex(vector.password));
    const costs = { memoryKib: vector.memoryKiB, passes: vector.passes, lanes: vector.parallelism };
    const inputs = { secret: fromHex(vector.secret), associatedData: fromHex(vector.associatedData) };
    using derived = await argon2id(passphrase, fromHex(vector.salt), costs, inputs);
    expect(toHex(derived.bytes)).toBe(vector.tag);
  },
);

test('each of passphrase, salt, memory, passes and lanes changes what comes out', async () => {
  const costs = { memoryKib: 64, passes: 2, lanes: 1 };
  const derive = async (text: string, salt: Uint8Array, changed = {}) => {
    using passphrase = Secret.adopt(encodeUtf8(text));
    using derived = await argon2id(passphrase, salt, { ...costs, ...changed });
    return toHex(derived.bytes);
  };
  const salt = countUp(16);
  const outputs = await Promise.all([
    derive('one', salt),
    derive('two', salt),
    derive('one', countUp(16, 1)),
    derive('one', salt, { memoryKib: 72 }),
    derive('one', salt, { passes: 3 }),
    derive('one', salt, { lanes: 2 }),
  ]);
  expect(new Set(outputs).size).toBe(outputs.length);
  expect(await derive('one', salt)).toBe(outputs[0]);
});
