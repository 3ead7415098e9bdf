import { provePackage } from '../../authority/commands/package-proof.ts';
import type { LogProofDocument } from '../../authority/prove-entry.ts';
import { decodeBase64, encodeHex } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import { HanaperError } from '../../errors.ts';
import { writeProof } from '../../package/proof-file.ts';
import { proofPathOf } from '../../package/proof-path.ts';
import { readSignatureDocuments, signaturePathOf } from '../../package/signature-file.ts';
import { decodeSignature, type SignatureDocument } from '../../signature/document.ts';
import type { Caller } from '../caller.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** Options of `package proof`. */
export interface ProofOptions {
  readonly signature?: string;
  readonly output?: string;
}

/** What was written where. */
export interface WrittenProof {
  readonly path: string;
  /** From 0. */
  readonly index: number;
}

/** `hanaper package proof FILE`: of the first of its signatures that was made or attached here. */
export async function prove(session: Session, file: string, options: ProofOptions): Promise<Outcome> {
  const path = options.signature ?? signaturePathOf(file);
  const documents = readSignatureDocuments(path);
  const caller = await session.openCaller('read');
  for (const document of documents) {
    const written = await tryToProve(session, caller, document, options.output ?? proofPathOf(file));
    if (written) return describeWritten(file, written);
  }
  throw new HanaperError(
    'not_found',
    `No signature in ${path} was made or attached here, so the log has no place for it. To attach one: hanaper package attach ${file}`,
    {
      kind: 'package signature',
      path,
    },
  );
}

/** Writes the proof of where a signature stands in the log. */
export async function proveSignature(
  session: Session,
  caller: Caller,
  document: SignatureDocument,
  path: string,
): Promise<WrittenProof> {
  const { signature, signedAt } = decodeSignature(document);
  const proof = await caller.executeFor(session.organisation, provePackage, {
    signature: encodeHex(sha256(signature)),
    signed_at: new Date(signedAt).toISOString(),
  });
  writeProof(path, { document, ...decodeProof(proof) });
  return { path, index: proof.index };
}

async function tryToProve(
  session: Session,
  caller: Caller,
  document: SignatureDocument,
  path: string,
): Promise<WrittenProof | undefined> {
  try {
    return await proveSignature(session, caller, document, path);
  } catch (error) {
    if (error instanceof HanaperError && error.code === 'not_found') return undefined;
    throw error;
  }
}

function decodeProof({ index, entry, receipt, inclusion, checkpoint, log_key }: LogProofDocument) {
  return {
    index,
    checkpoint,
    entry: bytesOf(entry),
    receipt: bytesOf(receipt),
    inclusion: inclusion.map(bytesOf),
    logKey: { statement: bytesOf(log_key.statement), signature: bytesOf(log_key.signature) },
  };
}

function bytesOf(base64: string): Uint8Array {
  return decodeBase64(base64) ?? new Uint8Array(0);
}

function describeWritten(file: string, { path, index }: WrittenProof): Outcome {
  return {
    document: { proof_file: path, index },
    lines: [
      `${path} proves that ${file} was signed by entry ${index} of the log.`,
      '',
      'Next: ship it beside the file. With a trust bundle it is all that a verifier needs: hanaper trust export.',
    ],
  };
}
