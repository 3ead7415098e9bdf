import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { randomBytes } from '../../src/crypto/random.ts';

vi.mock('#crypto/aead', () => import('../../src/crypto/browser/aead.ts'));
vi.mock('#crypto/argon2', () => import('../../src/crypto/browser/argon2.ts'));
vi.mock('#crypto/base64', () => import('../../src/crypto/browser/base64.ts'));
vi.mock('#crypto/digest', () => import('../../src/crypto/browser/digest.ts'));
vi.mock('#crypto/ecdsa', () => import('../../src/crypto/browser/ecdsa.ts'));
vi.mock('#crypto/ed25519', () => import('../../src/crypto/browser/ed25519.ts'));
vi.mock('#crypto/hkdf', () => import('../../src/crypto/browser/hkdf.ts'));
vi.mock('#crypto/hmac', () => import('../../src/crypto/browser/hmac.ts'));
vi.mock('#crypto/pbes2', () => import('../../src/crypto/browser/pbes2.ts'));
vi.mock('#crypto/random', () => import('../../src/crypto/browser/random.ts'));
vi.mock('#crypto/rsa', () => import('../../src/crypto/browser/rsa.ts'));
vi.mock('#crypto/x25519', () => import('../../src/crypto/browser/x25519.ts'));

test('the primitives under test are those of a browser', async () => {
  const { verifyMessage } = await import('#crypto/ed25519');
  const { hashSha256 } = await import('#crypto/digest');
  expect(verifyMessage).toBe((await import('../../src/crypto/browser/ed25519.ts')).verifyMessage);
  expect(hashSha256).toBe((await import('../../src/crypto/browser/digest.ts')).hashSha256);
});

// The very tests of the rooms, once more: the same vectors, the same refusals.
describe('with the primitives of a browser', async () => {
  await import('../bytes.test.ts');
  await import('./aead.test.ts');
  await import('./argon2.test.ts');
  await import('./digest.test.ts');
  await import('./ed25519-verdicts.test.ts');
  await import('./rsa.test.ts');
  await import('./ecdsa.test.ts');
  await import('./ed25519.test.ts');
  await import('./hkdf.test.ts');
  await import('./hpke.test.ts');
  await import('./key-format.test.ts');
  await import('./pbes2.test.ts');
  await import('./x25519.test.ts');
  await import('../did/did-key.test.ts');
  await import('../did/identity-key-file.test.ts');
  await import('../did/jwk.test.ts');
  await import('../did/private-key.test.ts');
  await import('../did/seal-to-did.test.ts');
});

// Each pair is assigned to the type of the other, so that a difference in what they take does not compile.
type Twins<Module> = readonly [node: Module, browser: Module];
const twins = {
  aead: async (): Promise<Twins<typeof import('../../src/crypto/node/aead.ts')>> => [
    await import('../../src/crypto/node/aead.ts'),
    await import('../../src/crypto/browser/aead.ts'),
  ],
  argon2: async (): Promise<Twins<typeof import('../../src/crypto/node/argon2.ts')>> => [
    await import('../../src/crypto/node/argon2.ts'),
    await import('../../src/crypto/browser/argon2.ts'),
  ],
  base64: async (): Promise<Twins<typeof import('../../src/crypto/node/base64.ts')>> => [
    await import('../../src/crypto/node/base64.ts'),
    await import('../../src/crypto/browser/base64.ts'),
  ],
  ecdsa: async (): Promise<Twins<typeof import('../../src/crypto/node/ecdsa.ts')>> => [
    await import('../../src/crypto/node/ecdsa.ts'),
    await import('../../src/crypto/browser/ecdsa.ts'),
  ],
  ed25519: async (): Promise<Twins<typeof import('../../src/crypto/node/ed25519.ts')>> => [
    await import('../../src/crypto/node/ed25519.ts'),
    await import('../../src/crypto/browser/ed25519.ts'),
  ],
  hkdf: async (): Promise<Twins<typeof import('../../src/crypto/node/hkdf.ts')>> => [
    await import('../../src/crypto/node/hkdf.ts'),
    await import('../../src/crypto/browser/hkdf.ts'),
  ],
  hmac: async (): Promise<Twins<typeof import('../../src/crypto/node/hmac.ts')>> => [
    await import('../../src/crypto/node/hmac.ts'),
    await import('../../src/crypto/browser/hmac.ts'),
  ],
  pbes2: async (): Promise<Twins<typeof import('../../src/crypto/node/pbes2.ts')>> => [
    await import('../../src/crypto/node/pbes2.ts'),
    await import('../../src/crypto/browser/pbes2.ts'),
  ],
  random: async (): Promise<Twins<typeof import('../../src/crypto/node/random.ts')>> => [
    await import('../../src/crypto/node/random.ts'),
    await import('../../src/crypto/browser/random.ts'),
  ],
  rsa: async (): Promise<Twins<typeof import('../../src/crypto/node/rsa.ts')>> => [
    await import('../../src/crypto/node/rsa.ts'),
    await import('../../src/crypto/browser/rsa.ts'),
  ],
  x25519: async (): Promise<Twins<typeof import('../../src/crypto/node/x25519.ts')>> => [
    await import('../../src/crypto/node/x25519.ts'),
    await import('../../src/crypto/browser/x25519.ts'),
  ],
};

describe('a browser has a twin of', () => {
  test('every file that Node has', () => {
    const aids = ['untraced.ts', 'web-crypto.ts'];
    const filesOf = (platform: string) =>
      readdirSync(new URL(`../../src/crypto/${platform}/`, import.meta.url)).filter((name) => !aids.includes(name));
    expect(filesOf('browser')).toEqual(filesOf('node'));
    expect(filesOf('node')).toEqual([...Object.keys(twins), 'digest'].map((name) => `${name}.ts`).toSorted());
  });

  test.each(Object.entries(twins))('every function of %s', async (_, load) => {
    const [node, browser] = await load();
    expect(Object.keys(browser).toSorted()).toEqual(Object.keys(node).toSorted());
  });
});

describe('both platforms give the same', async () => {
  const [nodeEcdsa, browserEcdsa] = await twins.ecdsa();
  const [nodeEd25519, browserEd25519] = await twins.ed25519();
  const [nodeHmac, browserHmac] = await twins.hmac();
  const [nodePbes2, browserPbes2] = await twins.pbes2();
  const [nodeX25519, browserX25519] = await twins.x25519();
  const message = randomBytes(100);

  test.each(['p256', 'secp256k1'] as const)('points and judgements on %s', async (curve) => {
    for (let run = 0; run < 20; run++) {
      const scalar = await browserEcdsa.generateEcdsaScalar(curve);
      const key = await nodeEcdsa.deriveEcdsaPublicKey(curve, scalar);
      expect(await browserEcdsa.deriveEcdsaPublicKey(curve, scalar)).toEqual(key);
      expect(browserEcdsa.decompressEcdsaPoint(curve, key)).toEqual(nodeEcdsa.decompressEcdsaPoint(curve, key));
      const random = Uint8Array.of(2, ...randomBytes(32));
      expect(browserEcdsa.isEcdsaPoint(curve, random)).toBe(nodeEcdsa.isEcdsaPoint(curve, random));
      for (const [signer, verifier] of [
        [nodeEcdsa, browserEcdsa],
        [browserEcdsa, nodeEcdsa],
      ] as const) {
        const signature = await signer.signEcdsaMessage(curve, scalar, message);
        expect(await verifier.verifyEcdsaMessage(curve, key, message, signature)).toBe(true);
      }
    }
  });

  test('Ed25519 signatures, byte for byte', async () => {
    for (let run = 0; run < 20; run++) {
      const seed = randomBytes(32);
      expect(await browserEd25519.derivePublicKey(seed)).toEqual(await nodeEd25519.derivePublicKey(seed));
      expect(await browserEd25519.signMessage(seed, message)).toEqual(await nodeEd25519.signMessage(seed, message));
    }
  });

  test('judgement of public keys that are not on the curve', async () => {
    for (let run = 0; run < 40; run++) {
      const key = randomBytes(32);
      const [node, browser] = [nodeEd25519, browserEd25519].map((each) =>
        each.verifyMessage(key, message, new Uint8Array(64)),
      );
      expect(await browser).toBe(await node);
    }
  });

  test('X25519 keys and shared secrets, of any 32 bytes', async () => {
    for (let run = 0; run < 20; run++) {
      const [privateKey, other] = [randomBytes(32), randomBytes(32)];
      expect(await browserX25519.deriveX25519PublicKey(privateKey)).toEqual(
        await nodeX25519.deriveX25519PublicKey(privateKey),
      );
      expect(await browserX25519.multiplyX25519(privateKey, other)).toEqual(
        await nodeX25519.multiplyX25519(privateKey, other),
      );
    }
  });

  test('authentication codes, and SHA-512', async () => {
    const [node, browser] = [
      await import('../../src/crypto/node/digest.ts'),
      await import('../../src/crypto/browser/digest.ts'),
    ];
    for (const length of [1, 32, 64, 65, 200]) {
      const key = randomBytes(length);
      expect(await browserHmac.authenticateSha256(key, message)).toEqual(
        await nodeHmac.authenticateSha256(key, message),
      );
      expect(await browser.hashSha512(key)).toEqual(await node.hashSha512(key));
    }
  });

  test('keys from passphrases', async () => {
    const [passphrase, salt] = [randomBytes(10), randomBytes(16)];
    const scrypt = { salt, cost: 1024, blockSize: 8, parallelization: 2 };
    expect(await browserPbes2.deriveScrypt(passphrase, scrypt, 32)).toEqual(
      await nodePbes2.deriveScrypt(passphrase, scrypt, 32),
    );
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const pbkdf2 = { salt, iterations: 100, hash };
      expect(await browserPbes2.derivePbkdf2(passphrase, pbkdf2, 32)).toEqual(
        await nodePbes2.derivePbkdf2(passphrase, pbkdf2, 32),
      );
    }
  });
});

test('random bytes come in any length, and are not zeros', async () => {
  const [, { fillRandom }] = await twins.random();
  const bytes = new Uint8Array(200_000);
  fillRandom(bytes);
  for (const start of [0, 65_536, 131_072, 199_900]) {
    expect(bytes.subarray(start, start + 100).some((byte) => byte !== 0)).toBe(true);
  }
});
