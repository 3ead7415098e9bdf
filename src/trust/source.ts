import type { Candidate, TrustedKey } from '../signature/verify.ts';

/** What a verifier asks for: one organisation's trust, for one package. */
export interface TrustQuery {
  /** Name, DID or id of the organisation whose trust decides; absent: the only one there is. */
  readonly organisation?: string;
  /** SHA-256 of the package: 64 hex characters. */
  readonly packageHash: string;
}

/** All that a verification rests upon, as values. */
export interface TrustMaterial {
  /** DID of the authority that vouches for this; `null` where keys were handed in bare. */
  readonly authority: string | null;
  /** DID of the organisation whose trust it is; `null` where keys were handed in bare. */
  readonly organisation: string | null;
  /** Accepted keys by fingerprint. */
  readonly keys: ReadonlyMap<string, TrustedKey>;
  /** Signatures that are kept with the trust, for this package. */
  readonly signatures: readonly Candidate[];
}

/** Where trust comes from: an authority's database, a bundle, a list of keys. */
export interface TrustSource {
  /**
   * Gathers the trust of one organisation, for one package.
   *
   * @throws HanaperError `not_found` where there is no such organisation, `usage` where none is named and there are several
   */
  trustFor(query: TrustQuery): Promise<TrustMaterial>;
}
