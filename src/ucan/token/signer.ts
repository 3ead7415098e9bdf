import { encodeDidKey } from '../../did/did-key.ts';
import { type PrivateKey, publicKeyOfPrivate, signWithKey } from '../../did/private-key.ts';
import type { SigningKeyType } from '../../did/public-key.ts';

/**
 * A signer of tokens: a key in memory, in a vault, in WebCrypto, on a card.
 *
 * @example
 * const signer: Signer = { did, keyType: 'ed25519', sign: (message) => vault.sign(message) };
 */
export interface Signer {
  /** Whose signature it is: the `iss` of what is signed. */
  readonly did: string;
  readonly keyType: SigningKeyType;
  /** The signature of `message`: Ed25519 (64 bytes), or ECDSA with SHA-256 (r and s, 64 bytes). */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Signs with a private key, for as long as that is not wiped, as its did:key. */
export async function signerOf(key: PrivateKey): Promise<Signer> {
  const did = encodeDidKey(await publicKeyOfPrivate(key));
  return { did, keyType: key.type, sign: (message) => signWithKey(key, message) };
}
