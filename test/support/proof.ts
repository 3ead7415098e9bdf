import type { LogProofDocument } from '../../src/authority/log/proof-document.ts';
/** Checks a proof of inclusion with the DID of an authority alone. */
import { decodeBase64, encodeUtf8 } from '../../src/bytes.ts';
import {
  type Checkpoint,
  checkLogKey,
  decodeLogEntry,
  hashLeaf,
  type LogEntry,
  openCheckpoint,
  type SignedLogKey,
  verifyInclusion,
} from '../../src/log/index.ts';

/** The bytes of base64. */
export function bytesOf(text: string): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw new Error(`this is no base64: ${text}`);
  return bytes;
}

/** The statement about the log's key in a document. */
export function logKeyOf({ log_key: { statement, signature } }: Pick<LogProofDocument, 'log_key'>): SignedLogKey {
  return { statement: bytesOf(statement), signature: bytesOf(signature) };
}

/** Verifies a proof, and gives the entry that it proves and the checkpoint under which that stands. */
export async function checkProof(
  did: string,
  proof: Omit<LogProofDocument, 'receipt'>,
): Promise<{ readonly entry: LogEntry; readonly checkpoint: Checkpoint }> {
  const { origin: name, publicKey } = await checkLogKey(logKeyOf(proof), did);
  const checkpoint = await openCheckpoint(encodeUtf8(proof.checkpoint), { name, publicKey });
  const bytes = bytesOf(proof.entry);
  const { size, root } = checkpoint;
  const hashes = proof.inclusion.map(bytesOf);
  verifyInclusion({ index: proof.index, size, root, proof: hashes, leafHash: hashLeaf(bytes) });
  return { entry: decodeLogEntry(bytes), checkpoint };
}
