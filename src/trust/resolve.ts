import type { Ed25519PublicKey } from '../crypto/ed25519.ts';
import { fingerprintOf } from '../crypto/fingerprint.ts';
import type { TrustedKey } from '../signature/verify.ts';
import type { TrustMaterial } from './source.ts';

/**
 * The keys that an organisation accepts, by fingerprint: its own first, then those of the organisations that it
 * accepts through an ACL. One level, never transitive; a fingerprint counts once.
 */
export function resolveTrustedKeys(
  own: readonly TrustedKey[],
  inherited: readonly TrustedKey[],
): ReadonlyMap<string, TrustedKey> {
  const resolved = new Map<string, TrustedKey>();
  for (const key of [...own, ...inherited]) {
    if (!resolved.has(key.fingerprint)) resolved.set(key.fingerprint, key);
  }
  return resolved;
}

/** Trust in bare public keys, for a verifier that has no authority to ask. */
export function trustBareKeys(publicKeys: readonly Ed25519PublicKey[]): TrustMaterial {
  const keys = publicKeys.map((publicKey) => ({
    fingerprint: fingerprintOf(publicKey),
    publicKey,
    name: null,
    owners: [],
  }));
  return { authority: null, organisation: null, keys: resolveTrustedKeys(keys, []), signatures: [] };
}
