import type { Outcome } from '../output.ts';
import { findOnlyFile } from '../package-targets.ts';
import type { Session } from '../session.ts';
import type { SignOptions } from './package-sign.ts';
import type { PackageVerifyOptions } from './package-verify.ts';

/** `hanaper sign FILE…`: one file, or several. */
export async function sign(session: Session, files: readonly string[], options: SignOptions): Promise<Outcome> {
  const only = findOnlyFile(files, options);
  return only === undefined
    ? (await import('./package-sign-many.ts')).signMany(session, files, options)
    : (await import('./package-sign.ts')).sign(session, only, options);
}

/** `hanaper verify FILE…`: one file, or several. */
export async function verify(
  session: Session,
  files: readonly string[],
  options: PackageVerifyOptions,
): Promise<Outcome> {
  const only = findOnlyFile(files, options);
  return only === undefined
    ? (await import('./package-verify-many.ts')).verifyMany(session, files, options)
    : (await import('./package-verify.ts')).verify(session, only, options);
}
