import { encode } from 'cborg';
import { encodeUtf8 } from '../bytes.ts';
import { open, seal } from '../crypto/aead.ts';
import { type Argon2Parameters, argon2id } from '../crypto/argon2.ts';
import { type Ed25519PublicKey, verify } from '../crypto/ed25519.ts';
import { hkdfSha256 } from '../crypto/hkdf.ts';
import { randomBytes } from '../crypto/random.ts';
import type { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import type { SlotKind } from './authority-statement.ts';
import { areCostsWithinBounds } from './costs.ts';

/** What opens a slot: a prepared passphrase, or a key of 32 bytes from outside. */
export type Credential =
  | { readonly kind: 'passphrase'; readonly passphrase: Secret }
  | { readonly kind: 'raw'; readonly key: Secret };

/** A key slot without its signature. */
export interface UnsignedSlot {
  readonly id: string;
  readonly kind: SlotKind;
  /** Argon2id costs; `null` for a raw key. */
  readonly costs: Argon2Parameters | null;
  /** 16 to 64 bytes. */
  readonly salt: Uint8Array;
  /** nonce (12) | root secret (32) | tag (16); `null` for a derived slot, which stores nothing wrapped. */
  readonly wrappedRootSecret: Uint8Array | null;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

/** A key slot: one way to get the root secret back, signed by the authority. */
export interface KeySlot extends UnsignedSlot {
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** What a new slot is made of. */
export interface SlotPlan {
  readonly id: string;
  readonly createdAt: string;
  readonly credential: Credential;
  /** Argon2id costs of a passphrase. */
  readonly costs: Argon2Parameters;
}

const saltLength = 16;
const wrappedLength = 60;
const rawKeyLength = 32;

/**
 * Wraps `root` for a passphrase or a raw key of 32 bytes.
 *
 * @throws HanaperError `bad_input`
 */
export async function wrapRootSecret(
  root: Secret,
  { id, createdAt, credential, costs }: SlotPlan,
): Promise<UnsignedSlot> {
  requireRawKeyLength(credential);
  const salt = randomBytes(saltLength);
  const slot = {
    id,
    kind: credential.kind,
    costs: credential.kind === 'raw' ? null : costs,
    salt,
    createdAt,
  };
  using key = await wrappingKey(credential, slot);
  return { ...slot, wrappedRootSecret: await seal(key, root.bytes, wrapContext(slot)) };
}

/** A slot of kind `derived`, and the root secret that the passphrase is stretched into. */
export async function deriveRootSecret(
  passphrase: Secret,
  { id, createdAt, costs }: Omit<SlotPlan, 'credential'>,
): Promise<{ slot: UnsignedSlot; root: Secret }> {
  const salt = randomBytes(saltLength);
  const slot = { id, kind: 'derived', costs, salt, wrappedRootSecret: null, createdAt } as const;
  return { slot, root: await argon2id(passphrase, salt, costs) };
}

/** The bytes that the authority's identity key signs over a slot: DAG-CBOR of `["hanaper/v1/key-slot", …]`. */
export function encodeSlot(slot: UnsignedSlot, authorityDid: string): Uint8Array {
  return encode([
    'hanaper/v1/key-slot',
    authorityDid,
    ...slotFields(slot),
    slot.salt,
    slot.wrappedRootSecret,
    slot.createdAt,
  ]);
}

/** Whether a credential is of the kind that a slot takes. */
export function takesCredential(slot: KeySlot, credential: Credential): boolean {
  return (slot.kind === 'raw') === (credential.kind === 'raw');
}

/**
 * Checks a slot before anything is derived with it: bounds first, then the authority's signature.
 *
 * @throws HanaperError `slot_damaged`
 */
export async function checkSlot(slot: KeySlot, authorityDid: string, publicKey: Ed25519PublicKey): Promise<void> {
  const signed = isWithinBounds(slot) && (await verify(publicKey, encodeSlot(slot, authorityDid), slot.signature));
  if (signed) return;
  throw new HanaperError(
    'slot_damaged',
    `Key slot ${slot.id} was altered: it does not match the authority's signature. Restore the database from a backup.`,
    { slot: slot.id },
  );
}

/** The root secret that a checked slot gives for a credential; `undefined` where it does not unwrap. */
export async function openSlot(slot: KeySlot, credential: Credential): Promise<Secret | undefined> {
  const key = await wrappingKey(credential, slot);
  if (slot.kind === 'derived') return key;
  using wrapping = key;
  return slot.wrappedRootSecret ? await open(wrapping, slot.wrappedRootSecret, wrapContext(slot)) : undefined;
}

function requireRawKeyLength(credential: Credential): void {
  if (credential.kind !== 'raw' || credential.key.length === rawKeyLength) return;
  throw new HanaperError('bad_input', `A raw key has ${rawKeyLength} bytes, not ${credential.key.length}.`, {
    field: 'key',
  });
}

function isWithinBounds({ kind, costs, salt, wrappedRootSecret }: KeySlot): boolean {
  if (salt.length < 16 || salt.length > 64) return false;
  if (kind === 'raw' ? costs !== null : costs === null || !areCostsWithinBounds(costs)) return false;
  return kind === 'derived' ? wrappedRootSecret === null : wrappedRootSecret?.length === wrappedLength;
}

async function wrappingKey(credential: Credential, slot: Pick<UnsignedSlot, 'costs' | 'salt'>): Promise<Secret> {
  if (credential.kind === 'raw') {
    return hkdfSha256(credential.key, encodeUtf8('hanaper/v1/slot/raw'), 32, slot.salt);
  }
  if (slot.costs === null) throw new TypeError('a passphrase needs the Argon2id costs of its slot');
  return argon2id(credential.passphrase, slot.salt, slot.costs);
}

function wrapContext(slot: Pick<UnsignedSlot, 'id' | 'kind' | 'costs'>): Uint8Array {
  return encode(['hanaper/v1/root-secret', ...slotFields(slot)]);
}

function slotFields({ id, kind, costs }: Pick<UnsignedSlot, 'id' | 'kind' | 'costs'>): unknown[] {
  return [id, kind, costs && [costs.memoryKib, costs.passes, costs.lanes]];
}
