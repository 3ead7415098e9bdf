import { createHash, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/bytes.ts';
import { encodePublicKeyPem } from '../../src/crypto/key-format.ts';
import {
  decodeSignature,
  decodeSignatures,
  hashOnlySignature,
  listCandidates,
  maxSignatureFileLength,
  parseSignatureFile,
  serializeSignatureFile,
  signHash,
  statementSignatures,
  verifySignatures,
} from '../../src/signature/index.ts';
import { expectCode } from '../support/codes.ts';
import { createSigner, now, signBy, signHashBy, statementBy, trustIn } from '../support/fixtures.ts';
import { fromHex } from '../support/vectors.ts';

const hash = createHash('sha256').update('a package').digest('hex');
const signer = await createSigner('alice');

test('a dsse document is decoded to what was signed', async () => {
  const signature = decodeSignature(await signBy(signer, hash, { expiresAt: '2027-01-01T00:00:00Z' }));
  expect(signature).toMatchObject({
    format: 'dsse',
    packageHash: hash,
    keyFingerprint: signer.fingerprint,
    statement: statementBy(signer, hash, { expiresAt: '2027-01-01T00:00:00Z' }),
  });
  expect(verify(null, signature.message, encodePublicKeyPem(signer.publicKey), signature.signature)).toBe(true);
});

test('a v1 document is decoded to what was signed, and Node alone can verify it', async () => {
  const document = await signHashBy(signer, hash);
  expect(decodeSignature(document)).toMatchObject({ format: 'v1', packageHash: hash, message: fromHex(hash) });
  const signature = Buffer.from(document.signature, 'base64');
  expect(verify(null, fromHex(hash), encodePublicKeyPem(signer.publicKey), signature)).toBe(true);
});

test('a signature is the same from its document and from its parts', async () => {
  const dsse = decodeSignature(await signBy(signer, hash));
  expect(statementSignatures(dsse.payload ?? new Uint8Array(), dsse.signature)).toEqual([dsse]);
  const v1 = decodeSignature(await signHashBy(signer, hash));
  expect(hashOnlySignature(v1.packageHash, v1.keyFingerprint, v1.signature, v1.signedAt)).toEqual(v1);
});

test.each(['', 'ab', 'AB'.repeat(32), 'ab'.repeat(33)])('%j is no hash to sign', async (packageHash) => {
  const { seed, fingerprint } = signer;
  await expect(signHash(seed, packageHash, fingerprint, now.toISOString())).rejects.toThrow(TypeError);
  await expectCode('malformed_signature', () => hashOnlySignature(packageHash, fingerprint, new Uint8Array(64), ''));
});

test('a document of several signatures over several subjects gives each of them over each', async () => {
  const bob = await createSigner('bob');
  const one = await signBy(signer, hash);
  const other = await signBy(bob, hash);
  const both = { ...one, signatures: [...other.signatures, ...one.signatures] };
  const read = decodeSignatures(both);
  expect(read.map(({ keyFingerprint }) => keyFingerprint)).toEqual([signer.fingerprint, signer.fingerprint]);
  expect(read[1]).toEqual(decodeSignature(one));
  await expectCode('malformed_signature', () => decodeSignature(both));
  const candidates = listCandidates(both);
  const accepted = await verifySignatures(
    { hash, name: decodeSignature(one).statement?.name ?? '' },
    candidates,
    trustIn(signer),
    now,
  );
  expect(accepted.signature).toEqual(decodeSignature(one));
});

test('the signatures in envelopes are counted, not the envelopes', async () => {
  const one = await signBy(signer, hash);
  const of = (count: number) => ({ ...one, signatures: Array(count).fill(one.signatures[0]) });
  expect(parseSignatureFile(encodeUtf8(JSON.stringify([of(15), one])))).toHaveLength(2);
  await expectCode('malformed_signature', () => parseSignatureFile(encodeUtf8(JSON.stringify([of(16), one]))));
});

test('an envelope of more than sixteen signatures is malformed, whatever they are', async () => {
  const one = await signBy(signer, hash);
  const of = (signatures: readonly unknown[]) => ({ ...one, signatures });
  expect(decodeSignatures(of(Array(16).fill(one.signatures[0])))).toHaveLength(16);
  await expectCode('malformed_signature', () => decodeSignatures(of(Array(17).fill(one.signatures[0]))));
  await expectCode('malformed_signature', () => decodeSignatures(of([...one.signatures, ...Array(16).fill(null)])));
  await expectCode('malformed_signature', () =>
    parseSignatureFile(encodeUtf8(JSON.stringify(of([...one.signatures, ...Array(16).fill(null)])))),
  );
});

test('a signature over many subjects is verified once, and its place looked for once', async () => {
  const others = Array.from({ length: 255 }, (_, index) => ({ name: `${index}`, digest: { sha256: hash } }));
  const statement = JSON.parse(
    decodeUtf8(decodeSignature(await signBy(signer, hash)).payload ?? new Uint8Array()) ?? '',
  );
  const payload = encodeUtf8(JSON.stringify({ ...statement, subject: [...others, ...statement.subject] }));
  const revoked = { reason: 'superseded', effectiveIndex: 9, revokedAt: '', effectiveAt: '' } as const;
  const keys = new Map([[signer.fingerprint, { ...signer.trusted, revocation: revoked }]]);
  const count = async (isGood: boolean) => {
    const counted = { verified: 0, sought: 0 };
    const candidates = statementSignatures(payload, new Uint8Array(64)).map(
      (signature) => ({ origin: 'detached', signature }) as const,
    );
    const verified = verifySignatures({ hash, name: 'nobody' }, candidates, keys, now, {
      verify: async () => {
        counted.verified++;
        return isGood;
      },
      findPlace: async ({ signature }) => {
        counted.sought++;
        return { index: 1, signature, enrolledAt: '' };
      },
    });
    await expect(verified).rejects.toMatchObject({ code: isGood ? 'package_name_mismatch' : 'invalid_signature' });
    return counted;
  };
  expect(await count(true)).toEqual({ verified: 1, sought: 1 });
  expect(await count(false)).toEqual({ verified: 1, sought: 1 });
});

describe('a v1 document is malformed with', () => {
  test.each<[string, Record<string, unknown>]>([
    ['another version', { version: 2 }],
    ['a version in text', { version: '1' }],
    ['no version', { version: undefined }],
    ['another algorithm', { algorithm: 'rsa' }],
    ['an algorithm in upper case', { algorithm: 'Ed25519' }],
    ['an upper-case hash', { package_hash: hash.toUpperCase() }],
    ['a short hash', { package_hash: hash.slice(2) }],
    ['a hash that is a number', { package_hash: 1 }],
    ['an upper-case fingerprint', { key_fingerprint: 'AB'.repeat(32) }],
    ['no fingerprint', { key_fingerprint: undefined }],
    ['a signature of 63 bytes', { signature: Buffer.alloc(63).toString('base64') }],
    ['a signature of 65 bytes', { signature: Buffer.alloc(65).toString('base64') }],
    ['a URL-safe signature', { signature: Buffer.alloc(64, 0xfb).toString('base64url') }],
    ['a signature that is null', { signature: null }],
    ['a time with an offset', { signed_at: '2026-03-01T12:00:00+01:00' }],
    ['a time that is a number', { signed_at: 1772366400 }],
    ['an unknown key', { name: 'plugin.wasm' }],
  ])('%s', async (_, changes) => {
    const document = JSON.parse(JSON.stringify({ ...(await signHashBy(signer, hash)), ...changes }));
    await expectCode('malformed_signature', () => decodeSignature(document));
  });
});

describe('a signature file', () => {
  const read = (text: string) => parseSignatureFile(encodeUtf8(text));

  test('of one document, or an array of several, is read back', async () => {
    const [one, two] = [await signBy(signer, hash), await signHashBy(signer, hash)];
    expect(parseSignatureFile(encodeUtf8(serializeSignatureFile([one])))).toEqual([one]);
    expect(parseSignatureFile(encodeUtf8(serializeSignatureFile([one, two])))).toEqual([one, two]);
    expect(serializeSignatureFile([one])).toMatch(/^\{[\s\S]*\}\n$/);
  });

  test('of sixteen documents is read', () => {
    expect(read(JSON.stringify(Array(16).fill({})))).toHaveLength(16);
  });

  test.each([
    ['no bytes', ''],
    ['text that is not JSON', 'signature: yes'],
    ['a document that has a member twice', '{"version":1,"version":1}'],
    ['an empty array', '[]'],
    ['seventeen documents', JSON.stringify(Array(17).fill({}))],
    ['two documents one behind the other', '{}{}'],
    ['a byte-order mark', '\ufeff{}'],
    ['more than a mebibyte', `{}${' '.repeat(maxSignatureFileLength)}`],
  ])('of %s is malformed', async (_, text) => {
    await expectCode('malformed_signature', () => read(text));
  });

  test('that is not UTF-8 is malformed', async () => {
    await expectCode('malformed_signature', () => parseSignatureFile(Uint8Array.of(0x22, 0xff, 0x22)));
  });

  test('of exactly a mebibyte is read', () => {
    expect(read(`{}${' '.repeat(maxSignatureFileLength - 2)}`)).toEqual([{}]);
  });

  test('of brackets nested without end is malformed, not a crash', async () => {
    const depth = 200_000;
    const [document] = read('['.repeat(depth) + ']'.repeat(depth));
    await expectCode('malformed_signature', () => decodeSignature(document));
  });
});

test.each([null, undefined, 0, true, 'text', [], {}, [[]], { payloadType: null }])(
  'the value %j is no signature',
  async (value) => {
    await expectCode('malformed_signature', () => decodeSignature(value));
  },
);
