import type { ErrorDetails } from '../errors.ts';

/** Why a key may be revoked: it has a successor, its time was over, or somebody else may have it. */
export const revocationReasons = ['superseded', 'expired', 'compromised'] as const;

/** Why a key was revoked. */
export type RevocationReason = (typeof revocationReasons)[number];

/** That a key was revoked, and from where on in the log it no longer counts. */
export interface KeyRevocation {
  /** RFC 3339, UTC. */
  readonly revokedAt: string;
  /** `null`: none was given, and what the key signed counts for nothing, whenever that was. */
  readonly reason: RevocationReason | null;
  /** RFC 3339, UTC; `null` where no reason was given. */
  readonly effectiveAt: string | null;
  /** The first index of the log at which the key no longer counts; `null` where no reason was given. */
  readonly effectiveIndex: number | null;
}

/** Where a signature is proven to stand in the log of an authority. */
export interface SignaturePlace {
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** The index of the entry that holds it, from 0. */
  readonly index: number;
  /** When that entry was made, by the authority's word: RFC 3339, UTC. */
  readonly enrolledAt: string;
}

/** Whether a revoked key may have made what has been in the log at `index`; what is in no log counts as made now. */
export function countsDespite({ reason, effectiveIndex }: KeyRevocation, index: number | undefined): boolean {
  return reason !== null && effectiveIndex !== null && index !== undefined && index < effectiveIndex;
}

/** Of two revocations of one key, the one that leaves less of what it signed. */
export function stricterRevocation(one: KeyRevocation, other: KeyRevocation): KeyRevocation {
  const [left, right] = [endOf(one), endOf(other)];
  if (left !== right) return left < right ? one : other;
  return one.reason === 'compromised' || other.reason !== 'compromised' ? one : other;
}

// Up to where in the log the key counts.
function endOf({ reason, effectiveIndex }: KeyRevocation): number {
  return reason === null || effectiveIndex === null ? -1 : effectiveIndex;
}

/** A revocation as the details of an error tell it. */
export function describeRevocation(revocation: KeyRevocation, index: number | undefined): ErrorDetails {
  const { revokedAt, reason, effectiveAt, effectiveIndex } = revocation;
  return {
    revocation: { revoked_at: revokedAt, reason, effective_at: effectiveAt, effective_index: effectiveIndex },
    ...(index === undefined ? {} : { index }),
  };
}
