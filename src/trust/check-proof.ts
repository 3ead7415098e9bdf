import { equalBytes } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import type { HanaperError } from '../errors.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import { decodeLogEntry, type LogEntry } from '../log/entry.ts';
import { verifyInclusion } from '../log/inclusion.ts';
import { hashLeaf } from '../log/merkle.ts';
import { logTampered } from '../log/tampered.ts';
import type { SignaturePlace } from '../signature/key-revocation.ts';
import type { PackageProof } from './proof.ts';
import { readReceiptSignature } from './receipt-signature.ts';
import type { TrustedLog } from './trusted-log.ts';

/** Where a signature stands in the log, and by which checkpoint that is proven. */
export interface ProvenPlace extends SignaturePlace {
  readonly checkpoint: Checkpoint;
}

const dagCborCode = 0x71;
const sha256Code = 0x12;

/**
 * Checks a proof against a log, from its end: the note is signed by the log's key, the entry is in the tree of that
 * checkpoint, the receipt is the one that the entry names, and the signature is the one in the receipt. Of the receipt no
 * signature is verified: the tree fixes every byte of it. What the proof itself says of the log's key is not looked at.
 *
 * @throws HanaperError `log_tampered`; `log_rolled_back` where another checkpoint of the same size is known
 */
export async function checkPackageProof(
  proof: Omit<PackageProof, 'document' | 'logKey'>,
  log: TrustedLog,
): Promise<ProvenPlace> {
  const { index, inclusion, receipt, signature } = proof;
  const checkpoint = await log.open(proof.checkpoint);
  const { size, root } = checkpoint;
  verifyInclusion({ index, size, root, proof: inclusion, leafHash: hashLeaf(proof.entry) });
  const entry = decodeLogEntry(proof.entry);
  if (!isReceiptOf(entry, receipt)) throw refused('has another receipt than the one in the log');
  const enrolled = readReceiptSignature(receipt, log.key.did);
  if (enrolled === undefined || !equalBytes(enrolled, signature.signature)) {
    throw refused('has another signature than the one in its receipt');
  }
  return { signature: signature.signature, index, enrolledAt: entry.enrolledAt, checkpoint };
}

function isReceiptOf({ receipt: { version, code, multihash } }: LogEntry, token: Uint8Array): boolean {
  const isToken = version === 1 && code === dagCborCode && multihash.code === sha256Code;
  return isToken && equalBytes(multihash.digest, sha256(token));
}

function refused(reason: string): HanaperError {
  return logTampered('package proof', reason);
}
