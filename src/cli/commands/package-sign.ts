import { basename } from 'node:path';
import type { SignedDocument } from '../../authority/index.ts';
import { HanaperError } from '../../errors.ts';
import { hashPackage } from '../../package/hash-package.ts';
import { PackageFile } from '../../package/open-package.ts';
import {
  checkSignaturePlace,
  reserveSignature,
  type SignerOfFormat,
  signaturePathOf,
} from '../../package/signature-file.ts';
import type { Caller } from '../caller.ts';
import type { DeferredCaller } from '../deferred-caller.ts';
import { parseExpiry } from '../duration.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import type { WrittenProof } from './package-proof.ts';

/** Options of `package sign`. */
export interface SignOptions {
  readonly key: string;
  readonly name?: string;
  readonly format: 'dsse' | 'v1';
  readonly output?: string;
  readonly store?: boolean;
  readonly expires?: string;
  readonly checksums?: string;
}

/** `hanaper package sign FILE` */
export async function sign(session: Session, file: string, options: SignOptions): Promise<Outcome> {
  const output = options.output ?? signaturePathOf(file);
  readExpiry(options);
  const proving = session.asksForProof ? await import('./package-proof.ts') : undefined;
  requireReadable(file);
  checkSignaturePlace(output);
  proving?.checkProofPlace(file, output);
  const caller = await session.openWriter();
  // Others may want to sign the same file while a person types: nothing is locked by then.
  await prepareToSign(session, caller, options.name ?? basename(file), options);
  const hash = await hashPackage(file, session.progress);
  // What is signed is enrolled for good: whatever could refuse the files is found before, under their locks.
  using place = await reserveSignature(output);
  using proofPlace = await proving?.reserveProof(file, output);
  await requireRoom(session, caller, options, proofPlace ? [place, proofPlace] : [place]);
  const signed = await executeSigning(session, caller, { hash, name: options.name ?? basename(file) }, options);
  place.add(signed.signature);
  const proof = proofPlace && (await proving?.writeProof(session, caller, signed.signature, proofPlace));
  const stored = options.store ?? false;
  return describeSigned(file, { hash, output, stored, signed, ...(proof && { proof }) });
}

/** Has a package signed, whose SHA-256 is known, under a name. */
export async function executeSigning(
  { organisation }: Session,
  caller: Caller,
  { hash, name }: { readonly hash: string; readonly name: string },
  options: SignOptions,
): Promise<SignedDocument> {
  const { signPackage, signPackageHash } = await import('../../authority/commands/package.ts');
  const { key, format, store = false } = options;
  if (format === 'v1') return caller.executeFor(organisation, signPackageHash, { hash, key, store });
  const expiresAt = readExpiry(options);
  const expiry = expiresAt === undefined ? {} : { expires_at: expiresAt };
  return caller.executeFor(organisation, signPackage, { hash, name, key, store, ...expiry });
}

/** @throws HanaperError `package_unreadable`, `package_empty` */
export function requireReadable(file: string): void {
  using _file = new PackageFile(file);
}

const anyHash = '0'.repeat(64);

/** Finds what would refuse a signature by the key, and then asks for the passphrase. */
export async function prepareToSign(
  { organisation }: Session,
  caller: DeferredCaller,
  name: string,
  { key, format }: SignOptions,
): Promise<void> {
  const { signPackage, signPackageHash } = await import('../../authority/commands/package.ts');
  await (format === 'v1'
    ? caller.prepare(signPackageHash, { organisation, args: { hash: anyHash, key } })
    : caller.prepare(signPackage, { organisation, args: { hash: anyHash, key, name } }));
}

interface Bounded {
  readonly isFull: boolean;
  requireRoomFor(signer: SignerOfFormat): void;
}

/** Makes sure that files have room for the signature: in one that is full, only the key's own earlier one makes it. */
export async function requireRoom(
  session: Session,
  caller: Caller,
  { key, format }: SignOptions,
  places: readonly Bounded[],
): Promise<void> {
  if (!places.some(({ isFull }) => isFull)) return;
  const keyFingerprint = await findFingerprint(session, caller, key);
  for (const place of places) place.requireRoomFor({ keyFingerprint, format });
}

// A delegate who may sign need not be allowed to look a key up; then it is taken for one that is not in the file.
async function findFingerprint(session: Session, caller: Caller, key: string): Promise<string> {
  const { exportKey } = await import('../../authority/commands/key.ts');
  const { findKey } = await import('../find-key.ts');
  try {
    const meant = await findKey(caller, session.organisation, key);
    return (await caller.executeFor(session.organisation, exportKey, meant)).fingerprint;
  } catch (error) {
    if (error instanceof HanaperError && error.code !== 'not_found') return '';
    throw error;
  }
}

/**
 * When the signatures expire: RFC 3339, UTC.
 *
 * @throws HanaperError `usage`
 */
export function readExpiry({ expires, format }: SignOptions): string | undefined {
  if (expires === undefined) return undefined;
  if (format === 'dsse') return parseExpiry(expires, new Date());
  throw new HanaperError(
    'usage',
    'A hash signature (--format v1) binds no time, so it cannot expire. Leave --expires out, or sign with dsse.',
    {
      option: '--expires',
    },
  );
}

/** What was signed, and where it was written. */
export interface SignedFile {
  /** 64 hex characters. */
  readonly hash: string;
  /** Path of the signature file. */
  readonly output: string;
  readonly stored: boolean;
  readonly signed: SignedDocument;
  readonly proof?: WrittenProof;
}

/** What was signed, as a document. */
export function toDocument({ hash, output, stored, signed, proof }: SignedFile): object {
  return {
    package_hash: hash,
    signature_file: output,
    stored,
    ...(proof && { proof_file: proof.path, index: proof.index }),
    ...signed,
  };
}

function describeSigned(file: string, signedFile: SignedFile): Outcome {
  const { hash, output, stored, signed, proof } = signedFile;
  const { organisation, key, key_fingerprint, signed_at } = signed;
  return {
    document: toDocument(signedFile),
    lines: [
      `${file} is signed by ${organisation} with its key ${key}.`,
      `  sha256    ${hash}`,
      `  key       ${key_fingerprint}`,
      `  time      ${signed_at}`,
      `  signature ${output}${stored ? ', and in the database' : ''}`,
      ...(proof ? [`  proof     ${proof.path}: entry ${proof.index} of the log`] : []),
      '',
      `Next: ship ${basename(output)} beside ${basename(file)}. Anyone who trusts the key verifies it with: hanaper package verify FILE`,
    ],
  };
}
