import { HanaperError } from '../../errors.ts';
import { signaturePathOf } from '../../package/signature-file.ts';
import type { VerificationResult, VerifiedPlace } from '../../package/verification-result.ts';
import { verifyHash, verifyPackage } from '../../package/verify-package.ts';
import { trustBareKeys } from '../../trust/resolve.ts';
import type { TrustSource } from '../../trust/source.ts';
import { type BundleOptions, findBundleTrust } from '../bundle-trust.ts';
import type { Outcome } from '../output.ts';
import type { Target } from '../package-target.ts';
import { readPublicKeys } from '../read-public-key.ts';
import { explain } from '../remedies.ts';
import type { Session } from '../session.ts';
import { chooseSource, type SourceOptions, warnOfSignatureFile } from '../signature-source.ts';
import { openTrustingDatabase } from '../trusting-database.ts';

/** Options of `package verify`. */
export interface PackageVerifyOptions extends BundleOptions, SourceOptions {
  readonly name?: string;
  readonly trustKey?: readonly string[];
  readonly proof?: readonly string[];
  readonly checksums?: string;
}

/** Verifies one package; all of them by the same trust. */
export type Verify = (target: Pick<Target, 'path' | 'name' | 'hash'>) => Promise<VerificationResult>;

/** `hanaper package verify FILE` */
export async function verify(session: Session, file: string, options: PackageVerifyOptions): Promise<Outcome> {
  const verifyTarget = await openVerifier(session, options);
  return describeVerified(file, await verifyTarget({ path: file, ...pickName(options) }));
}

/**
 * Opens the trust that the options name, once for all packages.
 *
 * @throws HanaperError `usage`, and what opening a bundle or a database throws
 */
export async function openVerifier(session: Session, options: PackageVerifyOptions): Promise<Verify> {
  const { signature, trustKey, proof: proofs } = options;
  const { organisation } = session;
  const isBare = trustKey !== undefined;
  if (isBare) requireKeysAlone(session, options);
  const chosen = chooseSource(options);
  const common = {
    trust: isBare ? await openKeys(trustKey) : await openTrust(session, options),
    ...(!isBare && organisation !== undefined && { organisation }),
    ...(proofs && { proofs }),
    ...(session.observer && { observer: session.observer }),
  };
  return async ({ path, name, hash }) => {
    // Bare keys keep no signatures, so the file beside is the only source.
    const source = isBare
      ? { source: { kind: 'detached', path: signature ?? signaturePathOf(path) } as const }
      : chosen;
    const about = { ...common, ...source, ...(name !== undefined && { name }) };
    const result =
      hash === undefined
        ? await verifyPackage(path, { ...about, onProgress: session.progress })
        : await verifyHash(hash, path, about);
    warnOfSignatureFile(session, path, result);
    return result;
  };
}

async function openKeys(files: readonly string[]): Promise<TrustSource> {
  const material = trustBareKeys(await readPublicKeys(files));
  return { trustFor: async () => material };
}

async function openTrust(session: Session, options: PackageVerifyOptions): Promise<TrustSource> {
  return (await findBundleTrust(session, options)) ?? (await openTrustingDatabase(session));
}

function pickName({ name }: PackageVerifyOptions): { readonly name?: string } {
  return name === undefined ? {} : { name };
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

/** Whose signature it is, for a person. */
export function nameSigner({ signerName, via }: VerificationResult): string {
  return `${signerName ?? 'a key you trust'}${via === undefined ? '' : ` (through ${via})`}`;
}

function describeVerified(file: string, result: VerificationResult): Outcome {
  const { signerLabel, signerFingerprint, format, signedAt, expiresAt, packageHash } = result;
  return {
    document: toDocument(result),
    lines: [
      `${file} is validly signed by ${nameSigner(result)}.`,
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
