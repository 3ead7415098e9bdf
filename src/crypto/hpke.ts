/**
 * Hybrid public key encryption (RFC 9180): base mode, one message to a key.
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM.
 */

import { decryptAes256Gcm, encryptAes256Gcm } from '#crypto/aead';
import { concatBytes, encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { joinSecret } from '../secret-bytes.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';
import { Secret } from './secret.ts';
import { agreeX25519, generateX25519Key, x25519PublicKeyOf } from './x25519.ts';

const encapsulatedLength = 32;
const tagLength = 16;
const sharedLength = 32;
const keyLength = 32;
const nonceLength = 12;

const version = encodeUtf8('HPKE-v1');
const nothing = new Uint8Array(0);
// RFC 9180, sections 4.1 and 5.1: KEM 0x0020, KDF 0x0001, AEAD 0x0002.
const kemSuite = concatBytes(encodeUtf8('KEM'), Uint8Array.of(0x00, 0x20));
const suite = concatBytes(encodeUtf8('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x02));
const baseMode = Uint8Array.of(0x00);

/**
 * Seals `plaintext` to a public key of X25519 of 32 bytes (RFC 9180, section 6.1): encapsulated key (32) | ciphertext |
 * tag (16). `info` says what it is for; who opens it must know that and `aad`, which are not in it.
 * `ephemeral` is random unless a published vector fixes it, and is wiped.
 *
 * @throws HanaperError `weak_key` where the recipient is a point of small order
 */
export async function sealTo(
  recipient: Uint8Array,
  plaintext: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  ephemeral: Secret = generateX25519Key(),
): Promise<Uint8Array<ArrayBuffer>> {
  using own = ephemeral;
  const encapsulated = await x25519PublicKeyOf(own);
  using shared = await shareSecret(own, recipient, concatBytes(encapsulated, recipient));
  if (shared === undefined) throw weakRecipient();
  const seal = (key: Secret, nonce: Secret) => encryptAes256Gcm(key.bytes, nonce.bytes, plaintext, aad);
  const ciphertext = await withKeySchedule(shared, info, seal);
  return concatBytes(encapsulated, ciphertext);
}

/** Opens what {@link sealTo} made; `undefined` where key, `info`, `aad` or any sealed byte differ. */
export async function openSealed(
  privateKey: Secret,
  sealed: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
): Promise<Secret | undefined> {
  if (sealed.length < encapsulatedLength + tagLength) return undefined;
  const encapsulated = sealed.subarray(0, encapsulatedLength);
  const ciphertext = sealed.subarray(encapsulatedLength);
  const recipient = await x25519PublicKeyOf(privateKey);
  using shared = await shareSecret(privateKey, encapsulated, concatBytes(encapsulated, recipient));
  if (shared === undefined) return undefined;
  const open = (key: Secret, nonce: Secret) => decryptAes256Gcm(key.bytes, nonce.bytes, ciphertext, aad);
  const plaintext = await withKeySchedule(shared, info, open);
  return plaintext && Secret.hold(plaintext);
}

// RFC 9180, section 4.1: Encap and Decap, which differ in whose keys are whose.
async function shareSecret(own: Secret, other: Uint8Array, context: Uint8Array): Promise<Secret | undefined> {
  using agreed = await agreeX25519(own, other);
  if (agreed === undefined) return undefined;
  using pseudorandom = await labeledExtract(kemSuite, nothing, 'eae_prk', agreed.bytes);
  return await labeledExpand(kemSuite, pseudorandom, 'shared_secret', context, sharedLength);
}

// RFC 9180, section 5.1, in base mode: without a pre-shared key. The first nonce is the base nonce itself (section 5.2).
async function withKeySchedule<Result>(
  shared: Secret,
  info: Uint8Array,
  use: (key: Secret, nonce: Secret) => Promise<Result>,
): Promise<Result> {
  using pskIdHash = await labeledExtract(suite, nothing, 'psk_id_hash', nothing);
  using infoHash = await labeledExtract(suite, nothing, 'info_hash', info);
  const context = concatBytes(baseMode, pskIdHash.bytes, infoHash.bytes);
  using secret = await labeledExtract(suite, shared.bytes, 'secret', nothing);
  using key = await labeledExpand(suite, secret, 'key', context, keyLength);
  using nonce = await labeledExpand(suite, secret, 'base_nonce', context, nonceLength);
  return await use(key, nonce);
}

// RFC 9180, section 4: LabeledExtract.
async function labeledExtract(
  suiteId: Uint8Array,
  salt: Uint8Array,
  label: string,
  material: Uint8Array,
): Promise<Secret> {
  using labeled = Secret.hold(joinSecret(version, suiteId, encodeUtf8(label), material));
  return await hkdfExtract(salt, labeled);
}

// RFC 9180, section 4: LabeledExpand. No length here needs the first of its two bytes.
function labeledExpand(
  suiteId: Uint8Array,
  key: Secret,
  label: string,
  info: Uint8Array,
  length: number,
): Promise<Secret> {
  return hkdfExpand(key, concatBytes(Uint8Array.of(0, length), version, suiteId, encodeUtf8(label), info), length);
}

function weakRecipient(): HanaperError {
  return new HanaperError(
    'weak_key',
    'This public key is a point of small order: anybody could open what is sealed to it. Ask for another key.',
    { reason: 'small-order' },
  );
}
