import { HanaperError } from '../errors.ts';
import type { SignatureSource } from '../package/signature-source.ts';
import type { VerificationResult } from '../package/verification-result.ts';
import { explain } from './remedies.ts';
import type { Session } from './session.ts';

/** Options that say where the signatures of a file are looked for. */
export interface SourceOptions {
  readonly signature?: string;
  readonly source?: 'auto' | 'file-first' | 'database';
}

/**
 * Returns the source of signatures that `--signature` or `--source` names; empty: the default.
 *
 * @throws HanaperError `usage` where both are given
 */
export function chooseSource({ signature, source }: SourceOptions): { readonly source?: SignatureSource } {
  if (signature !== undefined && source !== undefined) {
    throw new HanaperError(
      'usage',
      '--signature names the only file that is looked at, so --source has no place beside it. Leave one of them out.',
      { option: '--source' },
    );
  }
  if (signature !== undefined) return { source: { kind: 'detached', path: signature } };
  return source === undefined ? {} : { source: { kind: source } };
}

/** Warns where no signature in the file beside a package counts, though another one was accepted. */
export function warnOfSignatureFile(
  session: Session,
  file: string,
  { signatureProblem }: Pick<VerificationResult, 'signatureProblem'>,
): void {
  if (signatureProblem === undefined) return;
  session.warn(
    `No signature in ${file}.sig counts (${signatureProblem.code}); another one was accepted. ${explain(signatureProblem)} To refuse such a file, give --source file-first.`,
  );
}
