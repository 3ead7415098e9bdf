import { attempt } from '../../attempt.ts';
import { hashPackage } from '../../package/hash-package.ts';
import { readCandidates, signaturePathOf } from '../../package/signature-file.ts';
import { decodeSignature } from '../../signature/document.ts';
import type { Candidate } from '../../signature/verify.ts';
import { formatTable, type Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** `hanaper package signatures FILE`: all there are, none of them verified. */
export async function signatures(session: Session, file: string): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const hash = await hashPackage(file, session.progress);
  const { listPackageSignatures } = await import('../../authority/commands/package.ts');
  const stored = await caller.execute(listPackageSignatures, { hash });
  const detached = readCandidates(signaturePathOf(file)).map(describeCandidate);
  const kept = stored.signatures.map(({ signature, ...rest }) => ({
    where: 'database',
    name: attempt(() => decodeSignature(signature))?.statement?.name ?? null,
    ...rest,
  }));
  const all = [...detached, ...kept];
  const rows = all.map(({ where, name, format, key_fingerprint, signed_at, expires_at }) => [
    where,
    format ?? 'malformed',
    name ?? '-',
    key_fingerprint ?? '-',
    signed_at ?? '-',
    expires_at ?? 'never',
  ]);
  return {
    document: { package_hash: hash, signatures: all, ...(stored.altered && { altered: stored.altered }) },
    lines:
      rows.length > 0
        ? [
            ...formatTable(['WHERE', 'FORMAT', 'NAME', 'KEY', 'SIGNED', 'EXPIRES'], rows),
            '',
            `Not verified here. Next: hanaper package verify ${file}`,
          ]
        : [`${file} has no signature.`, '', `Next: hanaper package sign ${file} --key NAME`],
  };
}

interface ListedSignature {
  readonly where: string;
  /** The file name that was signed; null: none was, or it cannot be read. */
  readonly name: string | null;
  readonly format: string | null;
  readonly key_fingerprint: string | null;
  readonly signed_at: string | null;
  readonly expires_at: string | null;
}

function describeCandidate(candidate: Candidate): ListedSignature {
  if ('malformed' in candidate) {
    return { where: 'file', name: null, format: null, key_fingerprint: null, signed_at: null, expires_at: null };
  }
  const { format, keyFingerprint, signedAt, statement } = candidate.signature;
  return {
    where: 'file',
    name: statement?.name ?? null,
    format,
    key_fingerprint: keyFingerprint,
    signed_at: signedAt,
    expires_at: statement?.expiresAt ?? null,
  };
}
