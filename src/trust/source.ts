import type { HanaperError } from '../errors.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import type { Candidate, FindPlace, TrustedKey } from '../signature/verify.ts';
import type { VerificationPolicy } from './policy.ts';
import type { TrustedLog } from './trusted-log.ts';

/** What a verifier asks for: one organisation's trust, for one package. */
export interface TrustQuery {
  /** Name, DID or id of the organisation whose trust decides; absent: the only one there is. */
  readonly organisation?: string;
  /** SHA-256 of the package: 64 hex characters. */
  readonly packageHash: string;
  /** The file name that it is expected under: where very many signatures are kept, those under this name go first. */
  readonly name?: string;
}

/** All that a verification rests upon, as values. */
export interface TrustMaterial {
  /** DID of the authority that vouches for this; `null` where keys were handed in bare. */
  readonly authority: string | null;
  /** DID of the organisation whose trust it is; `null` where keys were handed in bare. */
  readonly organisation: string | null;
  /** Name of that organisation; absent: it is not known. */
  readonly organisationName?: string;
  /** Keys by fingerprint: accepted ones, and revoked ones whose earlier signatures may count. */
  readonly keys: ReadonlyMap<string, TrustedKey>;
  /** Keys that were revoked without a reason, by fingerprint: nothing that they signed counts, and a refusal says why. */
  readonly withdrawn?: ReadonlyMap<string, TrustedKey>;
  /** Signatures that are kept with the trust, for this package. */
  readonly signatures: readonly Candidate[];
  /** What the organisation asks beyond one good signature; absent or `null`: nothing. */
  readonly policy?: VerificationPolicy | null;
  /** Gives the log of the authority, for proofs of where a signature stands in it; absent: no proof can be checked. */
  readonly openLog?: () => Promise<TrustedLog | undefined>;
  /** Where a signature stands in the log, if the source of trust can prove it by itself. */
  readonly findPlace?: FindPlace;
  /** Whether it was told from one that is older; absent: it cannot be older, since it is asked for each time. */
  readonly rollback?: 'checked' | 'unchecked';
  /** Whether a checkpoint was held by the verifier before: then not even the authority can have made it up since. */
  readonly isRemembered?: (checkpoint: Checkpoint) => boolean;
}

/** Where trust comes from: an authority's database, a bundle, a list of keys. */
export interface TrustSource {
  /**
   * Gathers the trust of one organisation, for one package.
   *
   * @throws HanaperError `not_found` where there is no such organisation, `usage` where none is named and there are several
   */
  trustFor(query: TrustQuery): Promise<TrustMaterial>;
  /** The earliest that the present can be, by what was seen before; absent: nothing was. */
  now?(): Date;
  /** Returns a refusal together with what this source knows of its cause; absent: nothing. */
  explain?(refusal: HanaperError): HanaperError;
}
