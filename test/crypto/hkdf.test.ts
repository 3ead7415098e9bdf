import { describe, expect, test } from 'vitest';
import { hkdfExpand, hkdfExtract, hkdfSha256 } from '../../src/crypto/hkdf.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { countUp, toHex } from '../support/vectors.ts';

const eleven = new Uint8Array(22).fill(0x0b);

// RFC 5869, appendix A.
describe('RFC 5869', () => {
  test.each([
    {
      name: 'test case 1',
      key: eleven,
      salt: countUp(13),
      info: countUp(10, 0xf0),
      pseudorandom: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
      expected: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      name: 'test case 2, with longer inputs',
      key: countUp(80),
      salt: countUp(80, 0x60),
      info: countUp(80, 0xb0),
      pseudorandom: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
      expected:
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      name: 'test case 3, without salt and info',
      key: eleven,
      salt: new Uint8Array(),
      info: new Uint8Array(),
      pseudorandom: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
      expected: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])('$name gives its output, at once and by halves', async ({ key, salt, info, pseudorandom, expected }) => {
    using secret = Secret.copyOf(key);
    using derived = await hkdfSha256(secret, info, expected.length / 2, salt);
    expect(toHex(derived.bytes)).toBe(expected);
    using extracted = await hkdfExtract(salt, secret);
    expect(toHex(extracted.bytes)).toBe(pseudorandom);
    using expanded = await hkdfExpand(extracted, info, 32);
    expect(toHex(expanded.bytes)).toBe(expected.slice(0, 64));
  });
});

test('a salt that is left out is the empty salt', async () => {
  using secret = Secret.copyOf(eleven);
  using derived = await hkdfSha256(secret, new Uint8Array(), 42);
  expect(toHex(derived.bytes)).toBe(
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  );
});

test('a shorter expansion is the beginning of a longer one, and more than one block is a mistake of the program', async () => {
  using secret = Secret.copyOf(countUp(32));
  using whole = await hkdfExpand(secret, countUp(3), 32);
  using nonce = await hkdfExpand(secret, countUp(3), 12);
  expect(nonce.bytes).toEqual(whole.bytes.slice(0, 12));
  await expect(hkdfExpand(secret, countUp(3), 33)).rejects.toThrow(TypeError);
});
