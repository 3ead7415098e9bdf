import { encodeUtf8 } from '../bytes.ts';
import type { Secret } from '../crypto/secret.ts';
import { sealToDid } from '../did/seal-to-did.ts';
import type { Vault } from './vault.ts';

const info = encodeUtf8('hanaper/v1/key-import');

/** Seals the seed of a signing key to an authority (DID), for the one key that it is the private half of: 80 bytes. */
export function sealSeed(seed: Secret, publicKey: Uint8Array, authority: string): Promise<Uint8Array<ArrayBuffer>> {
  return sealToDid(authority, seed.bytes, info, publicKey);
}

/**
 * Opens what {@link sealSeed} has sealed; `undefined` where it was sealed to another authority, or for another key.
 *
 * @throws HanaperError `locked`
 */
export function openSeed(sealed: Uint8Array, publicKey: Uint8Array, vault: Vault): Promise<Secret | undefined> {
  return vault.openSealedToIdentity(sealed, info, publicKey);
}
