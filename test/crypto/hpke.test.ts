import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { openSealed, sealTo } from '../../src/crypto/hpke.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { generateX25519Key, x25519PublicKeyOf } from '../../src/crypto/x25519.ts';
import { expectCode } from '../support/codes.ts';
import { countUp, flipBit, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface RfcVector {
  readonly info: string;
  readonly skRm: string;
  readonly skEm: string;
  readonly pkRm: string;
  readonly enc: string;
  readonly shared_secret: string;
  readonly secret: string;
  readonly key: string;
  readonly base_nonce: string;
  readonly encryptions: readonly { readonly aad: string; readonly ct: string; readonly pt: string }[];
}

const vector = readVectors<RfcVector>('rfc/hpke_rfc9180.json');
const vectorInfo = fromHex(vector.info);
const info = encodeUtf8('a purpose');
const aad = countUp(5);
const overhead = 48;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Every secret that is made from here on, with what it held when it was made. */
function watchSecrets(): readonly { secret: Secret; hex: string }[] {
  const made: { secret: Secret; hex: string }[] = [];
  const { hold, copyOf } = Secret;
  const watch = (secret: Secret) => {
    made.push({ secret, hex: toHex(secret.bytes) });
    return secret;
  };
  vi.spyOn(Secret, 'hold').mockImplementation((bytes) => watch(hold(bytes)));
  vi.spyOn(Secret, 'copyOf').mockImplementation((bytes) => watch(copyOf(bytes)));
  return made;
}

describe('RFC 9180, X25519 with AES-256-GCM in base mode', () => {
  test.each(vector.encryptions)('its first message is made and opened', async ({ aad, ct, pt }) => {
    const sealed = await sealTo(
      fromHex(vector.pkRm),
      fromHex(pt),
      vectorInfo,
      fromHex(aad),
      Secret.adopt(fromHex(vector.skEm)),
    );
    expect(toHex(sealed)).toBe(vector.enc + ct);
    using privateKey = Secret.adopt(fromHex(vector.skRm));
    using opened = await openSealed(privateKey, sealed, vectorInfo, fromHex(aad));
    expect(opened?.bytes).toEqual(fromHex(pt));
  });

  test('its key schedule is gone through', async () => {
    const made = watchSecrets();
    const ephemeral = Secret.adopt(fromHex(vector.skEm));
    await sealTo(fromHex(vector.pkRm), countUp(3), vectorInfo, aad, ephemeral);
    const values = made.map(({ hex }) => hex);
    expect(values).toEqual(
      expect.arrayContaining([vector.shared_secret, vector.secret, vector.key, vector.base_nonce]),
    );
  });

  // Tink, hpke_test_util.cc (from BoringSSL): published without the recipient's private key.
  test('the message of BoringSSL for these algorithms is made', async () => {
    const sealed = await sealTo(
      fromHex('ac66bae9ffa270cf4a89ed9f274e30c0456babae2572aaaf002ff0d8884ab018'),
      encodeUtf8('Beauty is truth, truth beauty'),
      encodeUtf8('Ode on a Grecian Urn'),
      encodeUtf8('Count-0'),
      Secret.adopt(fromHex('28e212563a8b6f068af7ff17400ff1baf23612b7a738bbaf5dfb321b2b5b431a')),
    );
    expect(toHex(sealed.subarray(32))).toBe(
      '23ded2d5d90ea89d975dac4792b297240f194952d7421aacbff0474100052b6bb8aa58d18ef6c42b6960e2e28f',
    );
  });
});

test('what was sealed opens, and only with its key, info and associated data', async () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, async (message, purpose, context) => {
      using key = generateX25519Key();
      using other = generateX25519Key();
      const sealed = await sealTo(await x25519PublicKeyOf(key), message, purpose, context);
      expect(sealed).toHaveLength(message.length + overhead);
      using opened = await openSealed(key, sealed, purpose, context);
      expect(opened?.bytes).toEqual(message);
      expect(await openSealed(other, sealed, purpose, context)).toBeUndefined();
      expect(await openSealed(key, sealed, concatBytes(purpose, Uint8Array.of(0)), context)).toBeUndefined();
      expect(await openSealed(key, sealed, purpose, concatBytes(context, Uint8Array.of(0)))).toBeUndefined();
    }),
    { numRuns: 30 },
  );
});

test('what was sealed does not open with any bit turned, or any byte cut or added', async () => {
  using key = generateX25519Key();
  const sealed = await sealTo(await x25519PublicKeyOf(key), countUp(32), info, aad);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    expect(await openSealed(key, flipBit(sealed, bit), info, aad), `bit ${bit}`).toBeUndefined();
  }
  for (let end = 0; end < sealed.length; end++) {
    expect(await openSealed(key, sealed.subarray(0, end), info, aad), `${end} bytes`).toBeUndefined();
  }
  expect(await openSealed(key, concatBytes(sealed, Uint8Array.of(0)), info, aad)).toBeUndefined();
});

test('two seals of the same text have nothing in common', async () => {
  using key = generateX25519Key();
  const recipient = await x25519PublicKeyOf(key);
  const first = await sealTo(recipient, countUp(32), info, aad);
  const second = await sealTo(recipient, countUp(32), info, aad);
  for (const [start, end] of [
    [0, 32],
    [32, 64],
    [64, 80],
  ]) {
    expect(first.subarray(start, end)).not.toEqual(second.subarray(start, end));
  }
});

describe('a point of small order', () => {
  const points = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
  ];

  test.each(points)('%s is no recipient', async (hex) => {
    await expectCode('weak_key', () => sealTo(fromHex(hex), countUp(3), info, aad));
  });

  test.each(points)('%s opens nothing as an encapsulated key', async (hex) => {
    using key = generateX25519Key();
    expect(await openSealed(key, concatBytes(fromHex(hex), countUp(48)), info, aad)).toBeUndefined();
  });
});

test('a recipient of another length is a mistake of the program', async () => {
  await expect(sealTo(countUp(31), countUp(3), info, aad)).rejects.toThrow(TypeError);
  await expect(sealTo(countUp(33), countUp(3), info, aad)).rejects.toThrow(TypeError);
});

describe('secrets', () => {
  const isWiped = (secret: Secret) => {
    try {
      return secret.length < 0;
    } catch (error) {
      return error instanceof TypeError;
    }
  };

  test('of a sealing are wiped when it ends, the ephemeral key among them', async () => {
    using key = generateX25519Key();
    const recipient = await x25519PublicKeyOf(key);
    const made = watchSecrets();
    await sealTo(recipient, countUp(32), info, aad);
    expect(made.length).toBeGreaterThan(8);
    expect(made.filter(({ secret }) => !isWiped(secret))).toEqual([]);
  });

  test('of a sealing that fails are wiped as well', async () => {
    const made = watchSecrets();
    await expectCode('weak_key', () => sealTo(new Uint8Array(32), countUp(32), info, aad));
    await expect(sealTo(countUp(31), countUp(32), info, aad)).rejects.toThrow(TypeError);
    expect(made).toHaveLength(2);
    expect(made.filter(({ secret }) => !isWiped(secret))).toEqual([]);
  });

  test('of an opening are wiped when it ends, but for what was opened', async () => {
    using key = generateX25519Key();
    const sealed = await sealTo(await x25519PublicKeyOf(key), countUp(32), info, aad);
    const made = watchSecrets();
    using opened = await openSealed(key, sealed, info, aad);
    expect(await openSealed(key, flipBit(sealed, 500), info, aad)).toBeUndefined();
    expect(made.length).toBeGreaterThan(16);
    expect(made.filter(({ secret }) => !isWiped(secret)).map(({ secret }) => secret)).toEqual([opened]);
    expect(isWiped(key)).toBe(false);
  });
});
