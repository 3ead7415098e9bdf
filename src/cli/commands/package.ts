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
import type { VerificationResult, VerifiedPlace } from '../../package/verification-result.ts';
import { verifyPackage, verifyPackageOffline } from '../../package/verify-package.ts';
import { type BundleOptions, findBundleTrust } from '../bundle-trust.ts';
import type { Caller } from '../caller.ts';
import type { DeferredCaller } from '../deferred-caller.ts';
import { parseExpiry } from '../duration.ts';
import type { Outcome } from '../output.ts';
import { readPublicKeys } from '../read-public-key.ts';
import { explain } from '../remedies.ts';
import type { Session } from '../session.ts';
import { chooseSource, type SourceOptions, warnOfSignatureFile } from '../signature-source.ts';
import { openTrustingDatabase } from '../trusting-database.ts';
import type { WrittenProof } from './package-proof.ts';

/** Options of `package sign`. */
export interface SignOptions {
  readonly key: string;
  readonly name?: string;
  readonly format: 'dsse' | 'v1';
  readonly output?: string;
  readonly store?: boolean;
  readonly expires?: string;
}

/** Options of `package verify`. */
export interface PackageVerifyOptions extends BundleOptions, SourceOptions {
  readonly name?: string;
  readonly trustKey?: readonly string[];
  readonly proof?: readonly string[];
}

/** `hanaper package sign FILE` */
export async function sign(session: Session, file: string, options: SignOptions): Promise<Outcome> {
  const output = options.output ?? signaturePathOf(file);
  const expiresAt = readExpiry(options);
  const proving = session.asksForProof ? await import('./package-proof.ts') : undefined;
  requireReadable(file);
  checkSignaturePlace(output);
  proving?.checkProofPlace(file, output);
  const caller = await session.openWriter();
  // Others may want to sign the same file while a person types: nothing is locked by then.
  await prepareToSign(session, caller, file, options);
  const hash = await hashPackage(file, session.progress);
  // What is signed is enrolled for good: whatever could refuse the files is found before, under their locks.
  using place = await reserveSignature(output);
  using proofPlace = await proving?.reserveProof(file, output);
  await requireRoom(session, caller, options, proofPlace ? [place, proofPlace] : [place]);
  const { signPackage, signPackageHash } = await import('../../authority/commands/package.ts');
  const { key, store = false } = options;
  const signed =
    options.format === 'v1'
      ? await caller.executeFor(session.organisation, signPackageHash, { hash, key, store })
      : await caller.executeFor(session.organisation, signPackage, {
          hash,
          name: options.name ?? basename(file),
          key,
          store,
          ...(expiresAt !== undefined && { expires_at: expiresAt }),
        });
  place.add(signed.signature);
  const proof = proofPlace && (await proving?.writeProof(session, caller, signed.signature, proofPlace));
  return describeSigned(signed, file, { hash, output, store, ...(proof && { proof }) });
}

function requireReadable(file: string): void {
  using _file = new PackageFile(file);
}

const anyHash = '0'.repeat(64);

async function prepareToSign(
  { organisation }: Session,
  caller: DeferredCaller,
  file: string,
  { key, name, format }: SignOptions,
): Promise<void> {
  const { signPackage, signPackageHash } = await import('../../authority/commands/package.ts');
  await (format === 'v1'
    ? caller.prepare(signPackageHash, { organisation, args: { hash: anyHash, key } })
    : caller.prepare(signPackage, { organisation, args: { hash: anyHash, key, name: name ?? basename(file) } }));
}

interface Bounded {
  readonly isFull: boolean;
  requireRoomFor(signer: SignerOfFormat): void;
}

// Only the key's own earlier signature makes room in a file that is full.
async function requireRoom(
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

/** `hanaper package verify FILE` */
export async function verify(session: Session, file: string, options: PackageVerifyOptions): Promise<Outcome> {
  const { signature, name, trustKey, proof: proofs } = options;
  const about = {
    ...(name !== undefined && { name }),
    ...(session.observer && { observer: session.observer }),
    onProgress: session.progress,
  };
  if (trustKey !== undefined) {
    requireKeysAlone(session, options);
    const trustedKeys = await readPublicKeys(trustKey);
    return describeVerified(
      file,
      await verifyPackageOffline(file, { trustedKeys, ...(signature !== undefined && { signature }), ...about }),
    );
  }
  const source = chooseSource(options);
  const trust = (await findBundleTrust(session, options)) ?? (await openTrustingDatabase(session));
  const { organisation } = session;
  const result = await verifyPackage(file, {
    trust,
    ...(organisation !== undefined && { organisation }),
    ...source,
    ...(proofs && { proofs }),
    ...about,
  });
  warnOfSignatureFile(session, file, result);
  return describeVerified(file, result);
}

/** A verification result as a document. */
export function toDocument(result: VerificationResult): object {
  return {
    package_hash: result.packageHash,
    signer_fingerprint: result.signerFingerprint,
    signer_name: result.signerName,
    signer_label: result.signerLabel ?? null,
    organisation: result.organisation,
    organisation_name: result.organisationName,
    via: result.via ?? null,
    format: result.format,
    signed_at: result.signedAt,
    signed_at_is_a_claim: result.format === 'v1',
    expires_at: result.expiresAt ?? null,
    ...(result.place && { place: describePlace(result.place) }),
    ...(result.proofProblem && { proof_problem: explain(result.proofProblem) }),
    ...(result.signatureProblem && { signature_problem: describeProblem(result.signatureProblem) }),
    ...(result.policy && { policy: result.policy }),
    ...(result.rollback && { rollback: result.rollback }),
  };
}

function describeProblem({ code, message }: HanaperError): object {
  return { code, message };
}

function describePlace({ index, enrolledAt, isRemembered }: VerifiedPlace): object {
  return { index, enrolled_at: enrolledAt, holds_against: isRemembered ? 'authority' : 'signing key' };
}

/**
 * Refuses what has no meaning beside `--trust-key`.
 *
 * @throws HanaperError `usage`
 */
export function requireKeysAlone(
  session: Session,
  options: BundleOptions & Pick<SourceOptions, 'source'> & { readonly proof?: readonly string[] },
): void {
  const { trustBundle, trustState, requireState, proof, source } = options;
  const others = [trustBundle, trustState, requireState, proof, source];
  if (!session.asksForDatabase && others.every((other) => other === undefined)) return;
  throw new HanaperError(
    'usage',
    '--trust-key trusts that key and nothing else, so --org, --authority, --trust-bundle, --trust-state, --require-state, --proof and --source have no place beside it.',
    {
      option: '--trust-key',
    },
  );
}

function readExpiry({ expires, format }: SignOptions): string | undefined {
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

interface Written {
  /** 64 hex characters. */
  readonly hash: string;
  /** Path of the signature file. */
  readonly output: string;
  readonly store: boolean;
  readonly proof?: WrittenProof;
}

function describeSigned(signed: SignedDocument, file: string, { hash, output, store, proof }: Written): Outcome {
  const { organisation, key, key_fingerprint, signed_at } = signed;
  return {
    document: {
      package_hash: hash,
      signature_file: output,
      stored: store,
      ...(proof && { proof_file: proof.path, index: proof.index }),
      ...signed,
    },
    lines: [
      `${file} is signed by ${organisation} with its key ${key}.`,
      `  sha256    ${hash}`,
      `  key       ${key_fingerprint}`,
      `  time      ${signed_at}`,
      `  signature ${output}${store ? ', and in the database' : ''}`,
      ...(proof ? [`  proof     ${proof.path}: entry ${proof.index} of the log`] : []),
      '',
      `Next: ship ${basename(output)} beside ${basename(file)}. Anyone who trusts the key verifies it with: hanaper package verify FILE`,
    ],
  };
}

function describeVerified(file: string, result: VerificationResult): Outcome {
  const { signerName, signerLabel, signerFingerprint, via, format, signedAt, expiresAt, packageHash } = result;
  const through = via === undefined ? '' : ` (through ${via})`;
  return {
    document: toDocument(result),
    lines: [
      `${file} is validly signed by ${signerName ?? 'a key you trust'}${through}.`,
      `  trust   ${describeOrganisation(result)}`,
      `  sha256  ${packageHash}`,
      `  key     ${signerFingerprint}`,
      ...(signerLabel === undefined ? [] : [`  label   ${signerLabel}`]),
      `  signed  ${signedAt}${format === 'v1' ? ' (claimed: a hash signature binds no time)' : ''}`,
      ...(expiresAt === undefined ? [] : [`  expires ${expiresAt}`]),
      ...describeTrust(result),
    ],
  };
}

function describeOrganisation({ organisation, organisationName }: VerificationResult): string {
  return organisation === null
    ? 'the keys of --trust-key'
    : `${organisationName ?? 'an organisation'} (${organisation})`;
}

function describeTrust({ place, proofProblem, policy, rollback }: VerificationResult): readonly string[] {
  const lines: string[] = [];
  if (place) lines.push(`  log     entry ${place.index}, ${place.enrolledAt}`, `          ${worthOf(place)}`);
  if (proofProblem) lines.push(`  proof   counts for nothing: ${explain(proofProblem)}`);
  if (policy)
    lines.push(
      policy.met
        ? '  policy  met'
        : `  policy  NOT met, and only audited: ${policy.unmet.map(({ rule }) => rule).join(', ')}`,
    );
  if (rollback) lines.push(`  rollback: ${rollback}`);
  return lines;
}

function worthOf({ isRemembered }: VerifiedPlace): string {
  return isRemembered
    ? 'Not even the authority can forge that order: this machine saw its checkpoint before.'
    : 'A thief of the signing key cannot forge that order. The authority itself could.';
}
