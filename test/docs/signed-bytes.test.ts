import { encode } from 'cborg';
import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { generatePrivateKey } from '../../src/did/private-key.ts';
import { formatCheckpoint } from '../../src/log/checkpoint.ts';
import { formatOrigin } from '../../src/log/origin.ts';
import { preAuthenticationEncoding } from '../../src/signature/dsse.ts';
import { bundlePayloadType } from '../../src/trust/bundle.ts';
import { snapshotPayloadType } from '../../src/trust/snapshot.ts';
import { signDelegation, signerOf, signInvocation } from '../../src/ucan/index.ts';
import { countUp, toHex } from '../support/vectors.ts';
import { readPage } from './pages.ts';
import { findAll, readAllSources } from './source-text.ts';

const contexts = /\bhanaper\/v1\/[a-z-]+(?:\/[a-z-]+)?/g;

test('every context string of the sources is documented, and no other', () => {
  const purposes =
    findAll(readAllSources(), /KeyPurpose = .+;/g)
      .join()
      .match(/'[a-z-]+'/g) ?? [];
  const derived = purposes.map((purpose) => `hanaper/v1/${purpose.slice(1, -1)}`);
  const used = [...new Set([...findAll(readAllSources(), contexts), ...derived])].toSorted();
  expect(derived.length).toBeGreaterThan(3);
  expect(findAll(readPage('docs/formats/signed-bytes.md'), contexts)).toEqual(used);
  expect(findAll(readPage('docs/formats/sealed-keys.md'), contexts)).toEqual(used);
});

test('the first bytes and the lengths that keep signed bytes apart are as they are said to be', () => {
  expect(toHex(encode(['hanaper/v1/authority', 1, 2, 3, 4, 5])).slice(0, 4)).toBe('8674');
  expect(toHex(encode(['hanaper/v1/key-slot', 1, 2, 3, 4, 5, 6, 7])).slice(0, 4)).toBe('8873');
  expect(toHex(encode(['hanaper/v1/log-key', 1, 2, 3, 4])).slice(0, 4)).toBe('8572');
  const checkpoint = encodeUtf8(
    formatCheckpoint({ origin: formatOrigin({ did: 'did:key:z', epoch: 1 }), size: 0, root: countUp(32) }),
  );
  expect(toHex(checkpoint).slice(0, 16)).toBe('68616e617065722f');
  expect(checkpoint.length).toBeGreaterThan(32);
  const empty = preAuthenticationEncoding(new Uint8Array(0));
  expect(empty.length).toBe(41);
  expect(toHex(empty).slice(0, 2)).toBe('44');
  const heads = [bundlePayloadType, snapshotPayloadType].map((type) =>
    Buffer.from(preAuthenticationEncoding(new Uint8Array(0), type)).toString(),
  );
  expect(heads).toEqual([
    'DSSEv1 41 application/vnd.hanaper.trust-bundle+json 0 ',
    'DSSEv1 43 application/vnd.hanaper.trust-snapshot+json 0 ',
  ]);
});

test.each(['ed25519', 'p256', 'secp256k1'] as const)(
  'so are the first bytes of a token by a key on %s',
  async (keyType) => {
    using key = await generatePrivateKey(keyType);
    const signer = await signerOf(key);
    const about = { subject: signer.did, command: '/', expiration: null, nonce: new Uint8Array(0) };
    const delegation = await signDelegation(signer, { ...about, audience: signer.did });
    const invocation = await signInvocation(signer, { ...about, args: {} });
    for (const { signed } of [delegation.envelope, invocation.envelope]) {
      expect(toHex(signed).slice(0, 12)).toBe('a26168483401');
      expect(signed.length).toBeGreaterThan(32);
    }
  },
);

test('no other place in the sources signs than those that are listed', () => {
  const signing = /(?:\b(?:vault|signer|identity)\.sign|\bawait sign(?:Ecdsa)?|\? sign|=> signWithKey)\([^\n]*/g;
  const withoutExamples = readAllSources().replaceAll(/^ *\*.*$/gm, '');
  expect(findAll(withoutExamples, signing)).toEqual([
    '=> signWithKey(key, message) };',
    '? sign(secret, message) : signEcdsa(type, secret, message);',
    'await sign(identity, message);',
    'await sign(key, encodeUtf8(text));',
    'await sign(seed, hash), signedAt);',
    'await sign(seed, message);',
    'await sign(seed, preAuthenticationEncoding(payload));',
    'identity.sign(preAuthenticationEncoding(payload, bundlePayloadType));',
    'identity.sign(preAuthenticationEncoding(payload, snapshotPayloadType)) };',
    'identity.sign(statement) };',
    'signer.sign(signed)), signed);',
    'vault.sign(bytes) };',
    'vault.sign(encodeSlot(slot, vault.did)) };',
    'vault.sign(message);',
  ]);
});
