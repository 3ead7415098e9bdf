import { showOrganisation } from '../../authority/index.ts';
import { HanaperError } from '../../errors.ts';
import { createLoader } from '../../loader/create-loader.ts';
import { trustBareKeys } from '../../trust/resolve.ts';
import type { TrustSource } from '../../trust/source.ts';
import { type BundleOptions, findBundleTrust } from '../bundle-trust.ts';
import { startAnew } from '../load-handover.ts';
import type { Outcome } from '../output.ts';
import { readPublicKeys } from '../read-public-key.ts';
import type { Session } from '../session.ts';
import { chooseSource, type SourceOptions, warnOfSignatureFile } from '../signature-source.ts';
import { openTrustingDatabase } from '../trusting-database.ts';
import { requireKeysAlone, toDocument } from './package-verify.ts';

/** Options of `package load`. */
export interface LoadOptions extends BundleOptions, SourceOptions {
  readonly call?: string;
  readonly unsigned?: boolean;
  readonly name?: string;
  readonly trustKey?: readonly string[];
  readonly proof?: readonly string[];
}

/** `hanaper package load FILE`: verifies, then starts anew with nothing but those bytes, and runs them in a process of their own. */
export async function load(session: Session, file: string, options: LoadOptions): Promise<Outcome> {
  const { call, unsigned = false, name, proof: proofs } = options;
  const { eventLogPath: eventLog } = session;
  if (eventLog !== undefined) requireNamed(eventLog);
  const source = chooseSource(options);
  const loader = await createSessionLoader(session, options);
  const { kind, packageHash, bytes, verification } = await loader.read(file, {
    ...(name !== undefined && { name }),
    ...source,
    ...(proofs && { proofs }),
  });
  if (verification) warnOfSignatureFile(session, file, verification);
  if (unsigned) session.warn('Nothing was verified (--unsigned): this may be anybody’s code.');
  // Nothing that comes after the session is left of this process.
  await session[Symbol.asyncDispose]();
  return startAnew(
    {
      file,
      kind,
      packageHash,
      verification: verification && toDocument(verification),
      json: session.output.json,
      ...(call !== undefined && { call }),
      ...(eventLog !== undefined && { eventLog }),
    },
    bytes,
  );
}

async function createSessionLoader(session: Session, options: LoadOptions) {
  const observer = session.observer && { observer: session.observer };
  if (options.unsigned) {
    requireUnsigned(session, options);
    return createLoader({ ...observer });
  }
  const { trust, verificationOrg } = await findTrust(session, options);
  return createLoader({ security: { requireSignatures: true, verificationOrg }, trust, ...observer });
}

interface FoundTrust {
  readonly trust: TrustSource;
  readonly verificationOrg: string;
}

async function findTrust(session: Session, options: LoadOptions): Promise<FoundTrust> {
  if (options.trustKey !== undefined) {
    requireKeysAlone(session, options);
    const material = trustBareKeys(await readPublicKeys(options.trustKey));
    // Bare keys belong to no organisation; a loader has one named all the same.
    return { trust: { trustFor: async () => material }, verificationOrg: '(bare keys)' };
  }
  const bundle = await findBundleTrust(session, options);
  if (bundle) {
    return { trust: bundle, verificationOrg: session.organisation ?? bundle.bundle.state.organisation.did };
  }
  const authority = await openTrustingDatabase(session);
  const { did: verificationOrg } = await authority.executeFor(session.organisation, showOrganisation, {});
  return { trust: authority, verificationOrg };
}

// What asks for a check beside --unsigned would be ignored.
function requireUnsigned(session: Session, options: LoadOptions): void {
  if (session.config.security.requireSignatures) throw signaturesRequired();
  const { trustKey, trustBundle, trustState, requireState, signature, source, name, proof } = options;
  const checks = [trustKey, trustBundle, trustState, requireState, signature, source, name, proof];
  if (!session.asksForDatabase && checks.every((check) => check === undefined)) return;
  throw new HanaperError(
    'usage',
    '--unsigned verifies nothing, so options that say how to verify have no place beside it.',
    { option: '--unsigned' },
  );
}

// A descriptor is closed before the package runs, so a failure could not be reported there.
function requireNamed(eventLog: string): void {
  const [, descriptor] = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(eventLog) ?? [];
  if (descriptor === undefined || Number(descriptor) <= 2) return;
  throw new HanaperError(
    'bad_config',
    `The event log ${eventLog} is a descriptor, which is closed before a package runs. Name a file, or - for standard error.`,
    { path: eventLog },
  );
}

function signaturesRequired(): HanaperError {
  return new HanaperError(
    'bad_config',
    'The configuration requires signatures (require_signatures), so --unsigned is refused.',
    { option: '--unsigned' },
  );
}
