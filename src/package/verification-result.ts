import type { HanaperError } from '../errors.ts';
import type { SignatureFormat } from '../signature/document.ts';
import type { PolicyOutcome } from '../trust/verify.ts';

/** What a verification found. */
export interface VerificationResult {
  /** SHA-256 of the package: 64 hex characters. */
  readonly packageHash: string;
  /** Fingerprint of the key whose signature was accepted: 64 hex characters. */
  readonly signerFingerprint: string;
  readonly signerName: string | null;
  /** What people call the key, where trust came from a database; nobody has signed it. */
  readonly signerLabel?: string;
  /** DID of the organisation whose trust accepted it; `null` where bare keys were trusted. */
  readonly organisation: string | null;
  /** Name of that organisation; `null` where bare keys were trusted. */
  readonly organisationName: string | null;
  /** Name of the organisation through whose keys it was accepted, under a trust ACL. */
  readonly via?: string;
  readonly format: SignatureFormat;
  /** RFC 3339, UTC; a mere claim where `format` is `v1`. */
  readonly signedAt: string;
  /** RFC 3339, UTC. */
  readonly expiresAt?: string;
  /** Where in the log of the authority the signature is proven to stand; absent: that was not asked, or not proven. */
  readonly place?: VerifiedPlace;
  /** Why a proof that was read proves nothing: of several, the first. */
  readonly proofProblem?: HanaperError;
  /** Why no signature in the `.sig` file beside the package counts, where one from elsewhere was accepted. */
  readonly signatureProblem?: HanaperError;
  /** The result of the organisation's policy; absent without one, or if it is off. */
  readonly policy?: PolicyOutcome;
  /** Whether the trust was told from older trust; absent: it was asked for anew. */
  readonly rollback?: 'checked' | 'unchecked';
}

/** A place in the log, and what it is worth. */
export interface VerifiedPlace {
  /** From 0. */
  readonly index: number;
  /** RFC 3339, UTC. */
  readonly enrolledAt: string;
  /**
   * Whether the verifier held the proof's checkpoint before. Then not even the authority can forge the order; else
   * only a thief of the signing key cannot.
   */
  readonly isRemembered: boolean;
}
