import { encodeUtf8 } from '../bytes.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import {
  decodeSignature,
  maxSignatureFileLength,
  maxSignatures,
  type PackageSignature,
  parseSignatureFile,
  type SignatureDocument,
  serializeSignatureFile,
} from '../signature/document.ts';
import type { Candidate } from '../signature/verify.ts';
import { withFileLock } from './file-lock.ts';
import { readRegularFile } from './read-file.ts';
import { requireWritableFolder, writeFileBeside } from './write-file.ts';

/** The signature file of a package: always `<file name>.sig` beside it. */
export function signaturePathOf(packagePath: string): string {
  return `${packagePath}.sig`;
}

/** The signatures of a `.sig` file as candidates; none where there is no such file. What is malformed is a failed candidate. */
export function readCandidates(path: string): readonly Candidate[] {
  try {
    return (readDocuments(path) ?? []).map(toCandidate);
  } catch (error) {
    return [failedCandidate(error)];
  }
}

/**
 * The documents of a `.sig` file, each well-formed; whether they are valid is for others to find out.
 *
 * @throws HanaperError `malformed_signature`, `signature_not_found` where there is no such file
 */
export function readSignatureDocuments(path: string): readonly SignatureDocument[] {
  const documents = readDocuments(path);
  if (documents === undefined) {
    throw new HanaperError('signature_not_found', `There is no signature file ${path}.`, { path });
  }
  return documents.map((document) => {
    decodeSignature(document);
    return document as SignatureDocument;
  });
}

/**
 * Finds out early whether a signature can be added to a `.sig` file, before anything is signed.
 *
 * @throws HanaperError `malformed_signature` where the file is there but unreadable, `bad_input` where its folder cannot be written
 */
export function requireAppendable(path: string): void {
  readDocuments(path)?.forEach(decodeSignature);
  requireWritableFolder(path);
}

/**
 * Adds a signature to a `.sig` file, in place of the same signer's earlier one of that format; others stay,
 * whoever else is signing at the same time. The file is written beside and renamed.
 *
 * @throws HanaperError `malformed_signature` where the file is there but unreadable, `unavailable`, `too_large` beyond 16 signatures
 * or 1 MiB, `bad_input` where it cannot be written
 */
export function appendSignature(path: string, document: SignatureDocument): void {
  withFileLock(path, () => {
    const added = decodeSignature(document);
    const kept = (readDocuments(path) ?? []).filter((other) => !isOfSameSigner(added, decodeSignature(other)));
    if (kept.length >= maxSignatures) throw full(path, `holds ${kept.length} signatures already, and no more fit`);
    const text = serializeSignatureFile([...kept, document]);
    if (encodeUtf8(text).length > maxSignatureFileLength) throw full(path, 'would become too large to be read');
    writeFileBeside(path, text, 0o644);
  });
}

/** Whether two signatures are by one key, in one format: then the newer takes the place of the older in a file. */
export function isOfSameSigner(one: PackageSignature, other: PackageSignature): boolean {
  return one.keyFingerprint === other.keyFingerprint && one.format === other.format;
}

function full(path: string, reason: string): HanaperError {
  return new HanaperError('too_large', `${path} ${reason}.`, {
    path,
    signatures: maxSignatures,
    bytes: maxSignatureFileLength,
  });
}

function readDocuments(path: string): readonly unknown[] | undefined {
  const file = readRegularFile(path, maxSignatureFileLength, unreadable);
  return file && parseSignatureFile(file);
}

function toCandidate(document: unknown): Candidate {
  try {
    return { origin: 'detached', signature: decodeSignature(document) };
  } catch (error) {
    return failedCandidate(error);
  }
}

function failedCandidate(error: unknown): Candidate {
  if (error instanceof HanaperError) return { malformed: error };
  throw error;
}

function unreadable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unreadable';
  return new HanaperError(
    'malformed_signature',
    `The signature file ${path} cannot be read (${reason}).`,
    { path, reason },
    cause,
  );
}
