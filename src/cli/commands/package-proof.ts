import { resolve } from 'node:path';
import { requireRefusal } from '../../attempt.ts';
import { provePackage } from '../../authority/commands/package-proof.ts';
import type { LogProofDocument } from '../../authority/log/proof-document.ts';
import { decodeBase64, encodeHex } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import { HanaperError } from '../../errors.ts';
import { checkProofs, type ProofFilePlace, reserveProofs } from '../../package/proof-file.ts';
import { proofPathOf } from '../../package/proof-path.ts';
import { readSignatureDocuments, signaturePathOf } from '../../package/signature-file.ts';
import { decodeSignature, type SignatureDocument } from '../../signature/document.ts';
import type { PackageProof } from '../../trust/proof.ts';
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

/** `hanaper package proof FILE`: of those of its signatures that were made or attached here. */
export async function prove(session: Session, file: string, options: ProofOptions): Promise<Outcome> {
  const path = options.signature ?? signaturePathOf(file);
  const output = options.output ?? proofPathOf(file);
  const documents = readSignatureDocuments(path);
  const caller = await session.openCaller('read');
  using place = await reserveProofs(output);
  const proofs: PackageProof[] = [];
  for (const document of documents) proofs.push(...(await tryToProve(session, caller, document)));
  if (proofs.length === 0) throw notMadeHere(path, file);
  place.add(proofs);
  return describeWritten(file, output, proofs);
}

/**
 * Reserves the place of a proof beside a file, before that is signed.
 *
 * @throws HanaperError as `reserveProofs` does, and `usage` where the signature is to be written there
 */
export async function reserveProof(file: string, signatureFile: string): Promise<ProofFilePlace> {
  return reserveProofs(proofPathBeside(file, signatureFile));
}

/**
 * Finds what would refuse the proof as things are now, before a passphrase is asked for.
 *
 * @throws HanaperError as {@link reserveProof} does, but for the lock
 */
export function checkProofPlace(file: string, signatureFile: string): void {
  checkProofs(proofPathBeside(file, signatureFile));
}

function proofPathBeside(file: string, signatureFile: string): string {
  const path = proofPathOf(file);
  if (resolve(path) === resolve(signatureFile)) throw samePlace(path);
  return path;
}

/** Adds the proof of where a signature of a file stands in the log to the file beside it. */
export async function writeProof(
  session: Session,
  caller: Caller,
  document: SignatureDocument,
  place: ProofFilePlace,
): Promise<WrittenProof> {
  const proof = await proveSignature(session, caller, document);
  place.add([proof]);
  return { path: place.path, index: proof.index };
}

async function tryToProve(
  session: Session,
  caller: Caller,
  document: SignatureDocument,
): Promise<readonly PackageProof[]> {
  try {
    return [await proveSignature(session, caller, document)];
  } catch (error) {
    requireRefusal(error, 'not_found');
    return [];
  }
}

async function proveSignature(session: Session, caller: Caller, document: SignatureDocument): Promise<PackageProof> {
  const signature = decodeSignature(document);
  const proof = await caller.executeFor(session.organisation, provePackage, {
    signature: encodeHex(sha256(signature.signature)),
    signed_at: new Date(signature.signedAt).toISOString(),
  });
  return { document, signature, ...decodeProof(proof) };
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

function samePlace(path: string): HanaperError {
  return new HanaperError('usage', `--output ${path} is where the proof goes. Name another file for the signature.`, {
    option: '--output',
  });
}

function notMadeHere(path: string, file: string): HanaperError {
  return new HanaperError(
    'not_found',
    `No signature in ${path} was made or attached here, so the log has no place for it. To attach one: hanaper package attach ${file}`,
    { kind: 'package signature', path },
  );
}

function describeWritten(file: string, path: string, proofs: readonly PackageProof[]): Outcome {
  const indexes = proofs.map(({ index }) => index).join(', ');
  const entries = proofs.length === 1 ? `entry ${indexes}` : `the entries ${indexes}`;
  const written = proofs.map(({ signature, index }) => ({ key_fingerprint: signature.keyFingerprint, index }));
  return {
    document: { proof_file: path, proofs: written },
    lines: [
      `${path} proves that ${file} was signed by ${entries} of the log.`,
      '',
      'Next: ship it beside the file. With a trust bundle it is all that a verifier needs: hanaper trust export.',
    ],
  };
}
