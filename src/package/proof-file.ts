import { HanaperError, systemCodeOf } from '../errors.ts';
import type { PackageSignature } from '../signature/document.ts';
import { checkPackageProof, type ProvenPlace } from '../trust/check-proof.ts';
import { formatPackageProof, maxProofLength, type PackageProof, parsePackageProof } from '../trust/proof.ts';
import type { TrustedLog } from '../trust/trusted-log.ts';
import { readRegularFile } from './read-file.ts';
import { writeFileBeside } from './write-file.ts';

/** Writes a proof, in place of an earlier one. */
export function writeProof(path: string, proof: Omit<PackageProof, 'signature'>): void {
  writeFileBeside(path, formatPackageProof(proof), 0o644);
}

/** What the proof beside a package holds. */
export interface ReadProof {
  /** The signature, whether or not its place is proven; absent where the proof cannot be read. */
  readonly signature?: PackageSignature;
  /** Where it is proven to stand in the log. */
  readonly place?: ProvenPlace;
  /** Why its place is not proven. */
  readonly problem?: HanaperError;
}

/**
 * Reads the proof of a package, where there is one, and holds it against the log. One that proves nothing is no veto: its
 * signature counts as made now.
 */
export async function readProof(path: string, log: TrustedLog): Promise<ReadProof | undefined> {
  try {
    const bytes = readRegularFile(path, maxProofLength, unreadable);
    if (bytes === undefined) return undefined;
    const proof = parsePackageProof(bytes);
    return { signature: proof.signature, ...(await prove(proof, log)) };
  } catch (error) {
    return { problem: requireRefusal(error) };
  }
}

async function prove(proof: PackageProof, log: TrustedLog): Promise<Pick<ReadProof, 'place' | 'problem'>> {
  try {
    return { place: await checkPackageProof(proof, log) };
  } catch (error) {
    return { problem: requireRefusal(error) };
  }
}

function requireRefusal(error: unknown): HanaperError {
  if (error instanceof HanaperError) return error;
  throw error;
}

function unreadable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unreadable';
  return new HanaperError('log_tampered', `The proof ${path} cannot be read (${reason}).`, { path, reason }, cause);
}
