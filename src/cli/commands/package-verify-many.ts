import { HanaperError } from '../../errors.ts';
import type { VerificationResult } from '../../package/verification-result.ts';
import { requireListedHash } from '../listed-hash.ts';
import type { Outcome } from '../output.ts';
import { type Fate, summarise, tryTarget } from '../package-summary.ts';
import type { Target } from '../package-target.ts';
import { gatherTargets } from '../package-targets.ts';
import type { Session } from '../session.ts';
import { nameSigner, openVerifier, type PackageVerifyOptions, toDocument } from './package-verify.ts';

interface Verified {
  readonly target: Target;
  readonly result: VerificationResult;
}

/** Verifies several packages by one trust. */
export async function verifyMany(
  session: Session,
  files: readonly string[],
  options: PackageVerifyOptions,
): Promise<Outcome> {
  const targets = await gatherTargets(session, files, options);
  if (options.signature !== undefined && targets.length > 1) throw signatureOfMany();
  const verifyTarget = await openVerifier(session, options);
  const fates: Fate<Verified>[] = [];
  for (const target of targets) {
    fates.push(
      await tryTarget(target, async () => {
        await requireListedHash(target, session.progress);
        return { target, result: await verifyTarget(target) };
      }),
    );
  }
  return summarise(fates, { verb: 'verified', describe, toDocument: describeOne, end: [] });
}

function describe({ target, result }: Verified): string {
  const trust = result.organisationName === null ? '' : `, trusted by ${result.organisationName}`;
  return `by ${nameSigner(result)}${trust}${target.isPresent === false ? '; the file is not here, only its checksum' : ''}`;
}

function describeOne({ target: { isPresent }, result }: Verified): object {
  return { ...toDocument(result), ...(isPresent !== undefined && { is_present: isPresent }) };
}

function signatureOfMany(): HanaperError {
  return new HanaperError(
    'usage',
    '--signature names the signature file of one file: those of several are beside them.',
    {
      option: '--signature',
    },
  );
}
