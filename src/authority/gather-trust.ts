import { HanaperError } from '../errors.ts';
import { hashOnlySignature, statementSignature } from '../signature/document.ts';
import type { Candidate, TrustedKey } from '../signature/verify.ts';
import { listSignatures } from '../store/package-signatures.ts';
import type { OrganizationRow, PackageSignatureRow, TrustedKeyRow } from '../store/schema.ts';
import type { Transaction } from '../store/transaction.ts';
import { listInheritedKeys, listKeyOwners, listTrustedKeys } from '../store/trusted-keys.ts';
import { resolveTrustedKeys } from '../trust/resolve.ts';
import type { TrustMaterial } from '../trust/source.ts';
import { publicKeyOfRow } from './key-rules.ts';

/** Reads what an organisation trusts, and the stored signatures of one package, as values for a verifier. */
export async function gatherTrust(
  transaction: Transaction,
  authorityDid: string,
  organisation: OrganizationRow,
  packageHash: string,
): Promise<TrustMaterial> {
  const keys = await gatherKeys(transaction, organisation);
  const signatures = await listSignatures(transaction, packageHash);
  return { authority: authorityDid, organisation: organisation.did, keys, signatures: signatures.map(toCandidate) };
}

/** Reads what an organisation trusts. */
export async function gatherKeys(
  transaction: Transaction,
  organisation: OrganizationRow,
): Promise<TrustMaterial['keys']> {
  const own = (await listTrustedKeys(transaction, organisation.id)).filter((row) => row.revokedAt === null);
  const inherited = await listInheritedKeys(transaction, organisation.id);
  const owners = await listKeyOwners(
    transaction,
    [...own, ...inherited].map((row) => row.keyFingerprint),
  );
  // A signing key that was revoked here is trusted by nobody here, whatever a row says.
  const isLive = (row: TrustedKeyRow) => owners.get(row.keyFingerprint)?.revoked !== true;
  const toKey = (row: TrustedKeyRow) => toTrustedKey(row, owners.get(row.keyFingerprint)?.dids ?? []);
  return resolveTrustedKeys(
    own.filter(isLive).map(toKey),
    inherited.filter(isLive).map((row) => ({ ...toKey(row), via: row.via })),
  );
}

function toTrustedKey(row: TrustedKeyRow, owners: readonly string[]): TrustedKey {
  const { keyFingerprint, keyName } = row;
  return { fingerprint: keyFingerprint, publicKey: publicKeyOfRow(row), name: keyName, owners };
}

function toCandidate(row: PackageSignatureRow): Candidate {
  try {
    const signature = row.statement
      ? statementSignature(row.statement, row.signature)
      : hashOnlySignature(row.packageHash, row.keyFingerprint, row.signature, row.signedAt);
    return { origin: 'database', signature };
  } catch (error) {
    if (error instanceof HanaperError) return { malformed: error };
    throw error;
  }
}
