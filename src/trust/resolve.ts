import type { Ed25519PublicKey } from '../crypto/ed25519.ts';
import { fingerprintOf } from '../crypto/fingerprint.ts';
import { type KeyRevocation, stricterRevocation } from '../signature/key-revocation.ts';
import type { TrustedKey } from '../signature/verify.ts';
import type { TrustMaterial } from './source.ts';
import type { StateKey } from './state.ts';

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

/**
 * The keys in the trust of an organisation, revoked ones included, each fingerprint once: out of its own, and those
 * of the organisations that it accepts through an ACL. What is not revoked comes before what is, then what is its
 * own, then what comes first. `revokedHere` are the signing keys that were revoked here, which are so for everybody.
 * A key that the organisation itself has called compromised is so, even if others accept it.
 */
export function resolveStateKeys(
  own: readonly StateKey[],
  inherited: readonly StateKey[],
  revokedHere: ReadonlyMap<string, KeyRevocation> = new Map(),
): readonly StateKey[] {
  const compromised = new Map(
    own.filter(isCompromised).map(({ fingerprint, revocation }) => [fingerprint, revocation]),
  );
  const all = [...own, ...inherited].map((key) =>
    [revokedHere, compromised].reduce((revoked, by) => revokeKey(revoked, by.get(key.fingerprint)), key),
  );
  const resolved = new Map<string, StateKey>();
  for (const key of all) {
    const before = resolved.get(key.fingerprint);
    if (before === undefined || (before.revocation && !key.revocation)) resolved.set(key.fingerprint, key);
  }
  return [...resolved.values()];
}

function isCompromised({ revocation }: StateKey): boolean {
  return revocation?.reason === 'compromised';
}

function revokeKey(key: StateKey, revocation: KeyRevocation | undefined): StateKey {
  if (revocation === undefined) return key;
  return { ...key, revocation: key.revocation ? stricterRevocation(key.revocation, revocation) : revocation };
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
