import { base58btc } from 'multiformats/bases/base58';
import { expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { generateSeed, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { openSealed } from '../../src/crypto/hpke.ts';
import { x25519KeyOfSeed } from '../../src/crypto/x25519.ts';
import { encodeDidKey, encodeEd25519DidKey } from '../../src/did/did-key.ts';
import { sealToDid } from '../../src/did/index.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../src/did/private-key.ts';
import { expectCode } from '../support/codes.ts';
import { countUp } from '../support/vectors.ts';

const info = encodeUtf8('a purpose');
const aad = countUp(5);

test('what is sealed to a did:key opens with its seed, and with no other', async () => {
  using seed = generateSeed();
  using other = generateSeed();
  using key = await x25519KeyOfSeed(seed);
  using otherKey = await x25519KeyOfSeed(other);
  const sealed = await sealToDid(encodeEd25519DidKey(await publicKeyOf(seed)), countUp(32), info, aad);
  expect(sealed).toHaveLength(80);
  using opened = await openSealed(key, sealed, info, aad);
  expect(opened?.bytes).toEqual(countUp(32));
  expect(await openSealed(otherKey, sealed, info, aad)).toBeUndefined();
});

test('the same seed, taken for a key of X25519 as it stands, does not open it', async () => {
  using seed = generateSeed();
  const sealed = await sealToDid(encodeEd25519DidKey(await publicKeyOf(seed)), countUp(32), info, aad);
  expect(await openSealed(seed, sealed, info, aad)).toBeUndefined();
});

test('a DID without an Ed25519 key has nothing to seal to', async () => {
  using key = await generatePrivateKey('p256');
  const ecdsa = encodeDidKey(await publicKeyOfPrivate(key));
  await expectCode('bad_input', () => sealToDid(ecdsa, countUp(32), info, aad));
  await expectCode('bad_input', () => sealToDid('did:web:example.com', countUp(32), info, aad));
});

test('nothing is sealed to a point of small order', async () => {
  const did = `did:key:${base58btc.encode(concatBytes(Uint8Array.of(0xed, 0x01), new Uint8Array(32)))}`;
  await expectCode('weak_key', () => sealToDid(did, countUp(32), info, aad));
});
