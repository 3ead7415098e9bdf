import { extname } from 'node:path';
import { encodeHex } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { HanaperError } from '../errors.ts';
import type { HanaperEvent, Observer } from '../events.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import { readPackage } from '../package/read-package.ts';
import { requireSignatureSource, type SignatureSource } from '../package/signature-source.ts';
import type { VerificationResult } from '../package/verification-result.ts';
import { verifyHash } from '../package/verify-package.ts';
import type { TrustSource } from '../trust/source.ts';
import { instantiate, kindOfPackage, type LoadedPackage, type VerifiedPackage } from './verified-package.ts';

/** Whether, and by whose trust, packages are verified before they are loaded. */
export interface SecurityConfig {
  /** `true`: whatever is not validly signed by a trusted key fails. `false`: nothing is checked. */
  readonly requireSignatures: boolean;
  /** Name, DID or id of the organisation whose trust decides. */
  readonly verificationOrg?: string;
  /** DID of the only authority whose trust counts. */
  readonly authority?: string;
}

/** How a loader is set up. */
export interface LoaderOptions {
  /** Default: `{ requireSignatures: false }`; must be given beside `trust` or `org`. */
  readonly security?: SecurityConfig;
  /** Where trust comes from; needed where signatures are required. */
  readonly trust?: TrustSource;
  /** The organisation, where `security` names none. */
  readonly org?: string;
  readonly observer?: Observer;
  /** Default: the system's clock. */
  readonly clock?: () => Date;
}

/** What is said of one package. */
export interface LoadOptions {
  /** The name it must have been signed under. Default: the file's base name. */
  readonly name?: string;
  /** Default: the `.sig` file beside it and the trust source's own signatures. */
  readonly source?: SignatureSource;
  /** Files with proofs of where signatures stand in the log. Default: the `.proof.json` file beside it, if it is there. */
  readonly proofs?: readonly string[];
}

/** Loads packages from verified bytes. */
export interface Loader {
  /**
   * Reads a package once, verifies those bytes and returns them, not yet loaded: only a failure is an event of loading.
   *
   * @throws HanaperError the reasons of `verifyPackage`, `package_unreadable`, `package_empty`, `too_large`, `bad_input`
   */
  read(path: string, options?: LoadOptions): Promise<VerifiedPackage>;
  /**
   * Reads, verifies and loads a package: the bytes that run are the bytes that were verified.
   *
   * @throws HanaperError the reasons of {@link Loader.read}, `unverified_import`
   */
  load(path: string, options?: LoadOptions): Promise<LoadedPackage>;
}

type Verify = (packageHash: string, path: string, options: LoadOptions) => Promise<VerificationResult | null>;

/**
 * Sets up a loader, once for all packages.
 *
 * @throws HanaperError `bad_config` where signatures are required, but no trust or no organisation is given; where trust or an
 * organisation is given, but `security` does not say whether signatures are required; where an option is unknown
 * @example
 * const loader = createLoader({ security: { requireSignatures: true, verificationOrg: 'acme' }, trust: authority });
 * const plugin = await loader.load('plugin.wasm');
 */
export function createLoader(options: LoaderOptions = {}): Loader {
  requireDecision(options);
  const { observer, clock = () => new Date() } = options;
  const verify = options.security?.requireSignatures ? requireSignature(options, clock) : checkNothing;

  const read = async (path: string, loadOptions: LoadOptions): Promise<VerifiedPackage> => {
    requireKnownOptions('load', loadOptions, loadNames);
    requireSignatureSource(loadOptions.source);
    const kind = kindOfPackage(extname(path));
    const bytes = readPackage(path);
    const packageHash = encodeHex(sha256(bytes));
    return { kind, bytes, packageHash, verification: await verify(packageHash, path, loadOptions) };
  };

  const observed = async <Result>(path: string, act: () => Promise<Result>): Promise<Result> => {
    try {
      return await act();
    } catch (error) {
      const reason = error instanceof HanaperError ? error.code : 'internal';
      observer?.({ ...loadEvent('package.load.failure', clock(), { path }), reason });
      throw error;
    }
  };

  const load = async (path: string, loadOptions: LoadOptions): Promise<LoadedPackage> => {
    const loaded = await instantiate(await read(path, loadOptions));
    observer?.(loadEvent('package.load.success', clock(), { path, package_hash: loaded.packageHash }));
    return loaded;
  };

  return {
    read: (path, loadOptions = {}) => observed(path, () => read(path, loadOptions)),
    load: (path, loadOptions = {}) => observed(path, () => load(path, loadOptions)),
  };
}

const checkNothing: Verify = async () => null;

function requireSignature(options: LoaderOptions, clock: () => Date): Verify {
  const { security, observer } = options;
  const { authority } = security ?? {};
  const organisation = requireOrganisation(options);
  const fixed = {
    organisation,
    trust: requireTrust(options),
    ...(observer && { observer }),
    ...(authority !== undefined && { authority }),
  };
  return (packageHash, path, { name, source, proofs }) => {
    const asked = { ...(name && { name }), ...(source && { source }), ...(proofs && { proofs }) };
    return verifyHash(packageHash, path, { ...fixed, ...asked, now: clock() });
  };
}

function requireTrust({ trust }: LoaderOptions): TrustSource {
  if (typeof trust?.trustFor === 'function') return trust;
  throw nothingToVerifyWith('no source of trust');
}

function requireOrganisation({ security, org }: LoaderOptions): string {
  const named = security?.verificationOrg ?? org;
  if (org !== undefined && org !== named) {
    throw new HanaperError(
      'bad_config',
      `Two organisations are named: org "${org}" and security.verificationOrg "${named}". Leave one of them out.`,
      { field: 'org' },
    );
  }
  if (typeof named === 'string' && named !== '') return named;
  throw nothingToVerifyWith('no organisation');
}

function nothingToVerifyWith(missing: string): HanaperError {
  return new HanaperError(
    'bad_config',
    `Signatures are required, but ${missing} was given to verify them with. Name an organisation and a trust source.`,
    { missing },
  );
}

const optionNames: OptionNames<LoaderOptions> = { security: true, trust: true, org: true, observer: true, clock: true };
const securityNames: OptionNames<SecurityConfig> = { requireSignatures: true, verificationOrg: true, authority: true };
const loadNames: OptionNames<LoadOptions> = { name: true, source: true, proofs: true };

// Anyone who names trust, an organisation or an authority means it to count: the check is off only where that is said.
function requireDecision(options: LoaderOptions): void {
  requireKnownOptions('createLoader', options, optionNames);
  const { security } = options;
  if (security === undefined) {
    const given = (['trust', 'org'] as const).find((name) => options[name] !== undefined);
    if (given) throw undecided(`"${given}" is given, but not whether signatures are required.`);
    return;
  }
  requireKnownOptions('security', security, securityNames);
  if (typeof security.requireSignatures !== 'boolean')
    throw undecided('It is not said whether signatures are required.');
  requireAuthorityText(security);
}

function undecided(why: string): HanaperError {
  return new HanaperError('bad_config', `${why} Give security: { requireSignatures: true }, or false.`, {
    field: 'requireSignatures',
  });
}

// What an unset variable gives must not switch the check off.
function requireAuthorityText(security: SecurityConfig): void {
  if (!('authority' in security)) return;
  if (typeof security.authority === 'string' && security.authority !== '') return;
  throw new HanaperError('bad_config', 'The authority to accept is empty. Give its DID, or leave it out.', {
    field: 'authority',
  });
}

function loadEvent(
  name: 'package.load.success' | 'package.load.failure',
  now: Date,
  details: HanaperEvent['details'],
): HanaperEvent {
  return { name, time: now.toISOString(), details };
}
