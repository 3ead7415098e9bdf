import { encodeHex } from '../bytes.ts';
import { compareText } from '../compare-text.ts';
import type { KeyRevocation } from '../signature/key-revocation.ts';
import type { TrustedKey } from '../signature/verify.ts';
import { orderPolicy, type VerificationPolicy } from './policy.ts';

/** How many keys the trust of an organisation may hold, revoked ones included. */
export const maxStateKeys = 10_000;

/** A key in the trust of an organisation, revoked ones included. */
export interface StateKey extends TrustedKey {
  /** RFC 3339, UTC, milliseconds. */
  readonly trustedAt: string;
}

/** All that decides whose signatures one organisation accepts, as it was at one version (docs/formats/trust-bundle.md). */
export interface TrustState {
  readonly organisation: { readonly did: string; readonly name: string };
  /** From 1, one more with each change. */
  readonly version: number;
  /** One for each fingerprint, as `resolveState` gives them. */
  readonly keys: readonly StateKey[];
  readonly policy: VerificationPolicy | null;
}

/** A state as the members of a document that holds it: in snake_case, all in one order. */
export function describeState({ organisation: { did, name }, version, keys, policy }: TrustState): object {
  return {
    organization: { did, name },
    version,
    keys: keys.toSorted(compareKeys).map(describeKey),
    policy: policy && orderPolicy(policy),
  };
}

/** A state in its one form: JSON without white space. Two states are the same exactly where their forms are. */
export function encodeTrustState(state: TrustState): string {
  return JSON.stringify(describeState(state));
}

function describeKey({ fingerprint, publicKey, name, owners, via, trustedAt, revocation }: StateKey): object {
  return {
    fingerprint,
    public_key: encodeHex(publicKey),
    name,
    owners: owners.toSorted(),
    via: via ?? null,
    trusted_at: trustedAt,
    revocation: revocation ? describeRevocation(revocation) : null,
  };
}

function describeRevocation({ revokedAt, reason, effectiveAt, effectiveIndex }: KeyRevocation): object {
  return { revoked_at: revokedAt, reason, effective_at: effectiveAt, effective_index: effectiveIndex };
}

// What is trusted directly stands first: no name is empty.
function compareKeys(left: StateKey, right: StateKey): number {
  return compareText(left.via ?? '', right.via ?? '') || compareText(left.fingerprint, right.fingerprint);
}
