import { requireRefusal } from '../../attempt.ts';
import type { Candidate, VerifySignature } from '../../signature/verify.ts';
import type { OrganizationRow, PackageSignatureRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listSignatures } from '../../store/tables/package-signatures.ts';
import type { TrustMaterial, TrustQuery } from '../../trust/source.ts';
import type { StateKey } from '../../trust/state.ts';
import type { AuthorityIdentity } from '../../vault/authority-statement.ts';
import { readStoredSignature } from './keep-signature.ts';
import { openTrust } from './open-trust.ts';

/** Whose word counts, and how signatures are checked against keys: as `verify` of `hanaper/crypto` does, unless said. */
export interface TrustBasis {
  readonly authority: AuthorityIdentity;
  readonly verify?: VerifySignature;
}

/**
 * Reads what an organisation trusts, and the stored signatures of one package, as values for a verifier.
 *
 * @throws HanaperError `trust_tampered`, `database_corrupt`
 */
export async function gatherTrust(
  transaction: Transaction,
  basis: TrustBasis,
  organisation: OrganizationRow,
  { packageHash, name }: Pick<TrustQuery, 'packageHash' | 'name'>,
): Promise<TrustMaterial> {
  const trust = await gatherKeys(transaction, basis, organisation);
  const signatures = await listSignatures(transaction, packageHash, name);
  return {
    authority: basis.authority.did,
    organisation: organisation.did,
    organisationName: organisation.name,
    signatures: signatures.map(toCandidate),
    ...trust,
  };
}

/**
 * Reads what an organisation trusts, and what it asks besides.
 *
 * @throws HanaperError `trust_tampered`, `database_corrupt`
 */
export async function gatherKeys(
  transaction: Transaction,
  { authority, verify }: TrustBasis,
  organisation: OrganizationRow,
): Promise<Required<Pick<TrustMaterial, 'keys' | 'withdrawn' | 'policy'>>> {
  const { keys, policy } = await openTrust(transaction, authority, organisation, verify);
  const byCount = Map.groupBy(keys, canCount);
  const named = (counts: boolean) => new Map(byCount.get(counts)?.map((key) => [key.fingerprint, key]));
  return { keys: named(true), withdrawn: named(false), policy };
}

// Of a key that was revoked without a reason nothing counts, whenever it was signed.
function canCount({ revocation }: StateKey): boolean {
  return revocation === undefined || revocation.reason !== null;
}

function toCandidate(row: PackageSignatureRow): Candidate {
  try {
    return { origin: 'database', signature: readStoredSignature(row) };
  } catch (error) {
    return { malformed: requireRefusal(error) };
  }
}
