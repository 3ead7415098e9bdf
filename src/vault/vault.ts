import { encode } from 'cborg';
import { open, seal, sealOverhead } from '../crypto/aead.ts';
import { type Ed25519PublicKey, publicKeyOf, sign } from '../crypto/ed25519.ts';
import { hkdfSha256 } from '../crypto/hkdf.ts';
import { openSealed } from '../crypto/hpke.ts';
import type { Secret } from '../crypto/secret.ts';
import { x25519KeyOfSeed } from '../crypto/x25519.ts';
import { encodeEd25519DidKey } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';
import { deriveKey, type KeyPurpose } from './root-secret.ts';

/** Where a sealed key belongs. Moved to any other place, it does not open. */
export interface SealedKeyPlace {
  readonly kind: 'signing-key' | 'organization-identity';
  /** Id of its row. */
  readonly rowId: string;
  readonly organisationId: string;
  /** Fingerprint of its public key: 64 hex characters. */
  readonly fingerprint: string;
}

const seedLength = 32;

/** A sealed Ed25519 seed: nonce (12) | ciphertext (32) | tag (16). */
export const sealedKeyLength: number = seedLength + sealOverhead;

/**
 * The unlocked root secret, and the only holder of it. Keys are derived from it for one operation and wiped after.
 * It ends with {@link lock}, or with the `using` block around it.
 */
export class Vault implements Disposable {
  readonly did: string;
  readonly publicKey: Ed25519PublicKey;
  readonly #root: Secret;
  #locked = false;

  private constructor(root: Secret, publicKey: Ed25519PublicKey) {
    this.#root = root;
    this.publicKey = publicKey;
    this.did = encodeEd25519DidKey(publicKey);
  }

  /** Takes over a root secret, and wipes it if that fails. */
  static async unlock(root: Secret): Promise<Vault> {
    try {
      using identity = await deriveKey(root, 'identity');
      return new Vault(root, await publicKeyOf(identity));
    } catch (error) {
      root[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether the root secret is gone. */
  get locked(): boolean {
    return this.#locked;
  }

  /** Wipes the root secret; everything but {@link did} and {@link publicKey} is `locked` from here on. */
  lock(): void {
    this.#locked = true;
    this.#root[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.lock();
  }

  /** Hands the root secret to `use`, for a new key slot. */
  async withRootSecret<Result>(use: (root: Secret) => Promise<Result>): Promise<Result> {
    this.#requireUnlocked();
    return use(this.#root);
  }

  /**
   * Signs with the authority's identity key. Identity keys sign the byte strings listed in docs/formats/signed-bytes.md,
   * never packages.
   *
   * @throws HanaperError `locked`
   */
  async sign(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    using identity = await this.#derive('identity');
    return await sign(identity, message);
  }

  /**
   * Lends the log's own key, an Ed25519 seed that is wiped after, to the signer of a checkpoint. It signs nothing else.
   *
   * @throws HanaperError `locked`
   */
  async withLogKey<Result>(use: (key: Secret) => Promise<Result>): Promise<Result> {
    using key = await this.#derive('log');
    return await use(key);
  }

  /**
   * Opens what `sealToDid` sealed to the authority's DID; `undefined` where it was sealed to another, or `info`, `aad` or
   * any sealed byte differ.
   *
   * @throws HanaperError `locked`
   */
  async openSealedToIdentity(sealed: Uint8Array, info: Uint8Array, aad: Uint8Array): Promise<Secret | undefined> {
    using identity = await this.#derive('identity');
    using key = await x25519KeyOfSeed(identity);
    return await openSealed(key, sealed, info, aad);
  }

  /**
   * Seals the 32-byte seed of a key for its place: 60 bytes.
   *
   * @throws HanaperError `locked`
   */
  async sealKey(seed: Secret, place: SealedKeyPlace): Promise<Uint8Array<ArrayBuffer>> {
    if (seed.length !== seedLength) throw new TypeError(`a sealed key is a seed of ${seedLength} bytes`);
    using key = await this.#derive('key-encryption');
    return await seal(key, seed.bytes, placeContext(place));
  }

  /**
   * Opens a sealed key in its place.
   *
   * @throws HanaperError `locked`, `database_corrupt`
   */
  async openKey(sealed: Uint8Array, place: SealedKeyPlace): Promise<Secret> {
    using key = await this.#derive('key-encryption');
    const seed = sealed.length === sealedKeyLength ? await open(key, sealed, placeContext(place)) : undefined;
    return seed ?? unopened(`sealed key ${place.rowId}`);
  }

  /**
   * Seals a record under a key of its own, derived from its context and id.
   *
   * @throws HanaperError `locked`
   */
  async sealRecord(plaintext: Uint8Array, context: string, id: string): Promise<Uint8Array<ArrayBuffer>> {
    using key = await this.#recordKey(context, id);
    return await seal(key, plaintext, recordContext(context, id));
  }

  /**
   * Opens a record.
   *
   * @throws HanaperError `locked`, `database_corrupt`
   */
  async openRecord(sealed: Uint8Array, context: string, id: string): Promise<Secret> {
    using key = await this.#recordKey(context, id);
    return (await open(key, sealed, recordContext(context, id))) ?? unopened(`sealed record ${id}`);
  }

  async #recordKey(context: string, id: string): Promise<Secret> {
    using key = await this.#derive('record-encryption');
    return await hkdfSha256(key, recordContext(context, id), 32);
  }

  async #derive(purpose: KeyPurpose): Promise<Secret> {
    this.#requireUnlocked();
    return deriveKey(this.#root, purpose);
  }

  #requireUnlocked(): void {
    if (this.#locked) throw new HanaperError('locked', 'The vault is locked. Unlock it with the passphrase first.');
  }
}

function placeContext({ kind, rowId, organisationId, fingerprint }: SealedKeyPlace): Uint8Array {
  return encode(['hanaper/v1/sealed-key', kind, rowId, organisationId, fingerprint]);
}

function recordContext(context: string, id: string): Uint8Array {
  return encode(['hanaper/v1/record', context, id]);
}

function unopened(what: string): never {
  throw new HanaperError(
    'database_corrupt',
    `The ${what} does not open in its place: it was altered or moved. Restore the database from a backup.`,
  );
}
