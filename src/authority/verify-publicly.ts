import { requireRefusal } from '../attempt.ts';
import { listCandidates } from '../signature/candidates.ts';
import type { PackageSignature } from '../signature/document.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { verifyByTrust } from '../trust/verify.ts';
import { resolveOrganisation } from './execution/find-organisation.ts';
import type { Host } from './execution/host.ts';
import { gatherKeys } from './trust/gather-trust.ts';

/** What anybody may ask about a package. */
export interface PublicQuery {
  /** SHA-256 of the package: 64 hex characters. */
  readonly hash: string;
  /** The file name that it must have been signed under. */
  readonly name: string;
  /** Signature documents, as they stand in a `.sig` file. */
  readonly signatures: readonly unknown[];
  /** Name or DID of the organisation whose trust decides. */
  readonly organisation: string;
}

/** What anybody is told. */
export type PublicVerdict =
  | { readonly verified: false }
  | {
      readonly verified: true;
      readonly package_hash: string;
      readonly signer_fingerprint: string;
      /** What people call the key; null: nothing. */
      readonly signer_label: string | null;
      readonly signed_at: string;
      readonly expires_at: string | null;
    };

type PublicTrust = Awaited<ReturnType<typeof gatherKeys>> & { readonly organisation: string };

/**
 * Verifies signatures by the trust of an organisation that has turned that on. An organisation that is not known or has not,
 * a key that is not trusted, and a signature that is not valid are answered alike.
 *
 * @throws HanaperError `unavailable`, `database_corrupt`, `trust_tampered`
 */
export async function verifyPublicly(host: Host, query: PublicQuery): Promise<PublicVerdict> {
  const { hash, name, signatures, organisation } = query;
  const recall = host.memo.at(await host.readGeneration());
  const trust = await recall(`public/${organisation}`, () => readPublicTrust(host, organisation));
  if (trust === undefined) return { verified: false };
  try {
    const candidates = signatures.flatMap(listCandidates);
    const findPlace = (signed: PackageSignature) => findPlaceOfValid(host, trust, signed);
    const material = { ...trust, authority: host.identity.did, signatures: [], findPlace };
    const verdict = await verifyByTrust({
      identity: { hash, name },
      candidates,
      material,
      now: host.present,
      verify: host.signatures.verify,
    });
    const { key, signature } = verdict.first;
    return {
      verified: true,
      package_hash: hash,
      signer_fingerprint: key.fingerprint,
      signer_label: key.label ?? null,
      signed_at: signature.signedAt,
      expires_at: signature.statement?.expiresAt ?? null,
    };
  } catch (error) {
    requireRefusal(error);
    return { verified: false };
  }
}

// A place takes longer to find than a signature to verify; what is forged has none, and is refused with or without it.
async function findPlaceOfValid(host: Host, { keys }: PublicTrust, signed: PackageSignature) {
  const key = keys.get(signed.keyFingerprint);
  const { message, signature } = signed;
  const isValid = key && (await host.signatures.verify(key.publicKey, message, signature));
  return isValid ? host.findPlace(signed) : undefined;
}

// A generation that is read before is never newer than what is then read: at worst the same is read once more.
function readPublicTrust(host: Host, organisation: string): Promise<PublicTrust | undefined> {
  return host.followed.read((transaction) => findPublicTrust(host, transaction, organisation));
}

async function findPublicTrust(
  host: Host,
  transaction: Transaction,
  reference: string,
): Promise<PublicTrust | undefined> {
  try {
    const organisation = await resolveOrganisation(transaction, reference);
    if (organisation.publicVerificationSince === null) return undefined;
    const basis = { authority: host.identity, verify: host.signatures.verify };
    return { organisation: organisation.did, ...(await gatherKeys(transaction, basis, organisation)) };
  } catch (error) {
    requireRefusal(error, 'not_found');
    return undefined;
  }
}
