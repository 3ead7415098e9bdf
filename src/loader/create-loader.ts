import { extname } from 'node:path';
import { encodeHex } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { HanaperError } from '../errors.ts';
import type { HanaperEvent, Observer } from '../events.ts';
import { readPackage } from '../package/read-package.ts';
import { type SignatureSource, type VerificationResult, verifyHash } from '../package/verify-package.ts';
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
  /** Default: `{ requireSignatures: false }`. */
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
 * @throws HanaperError `bad_config` where signatures are required, but no trust or no organisation is given; where a security
 * setting is unknown, or does not say whether signatures are required
 * @example
 * const loader = createLoader({ security: { requireSignatures: true, verificationOrg: 'acme' }, trust: authority });
 * const plugin = await loader.load('plugin.wasm');
 */
export function createLoader(options: LoaderOptions = {}): Loader {
  requireKnownSettings(options.security);
  const { observer, clock = () => new Date() } = options;
  const verify = options.security?.requireSignatures ? requireSignature(options, clock) : checkNothing;

  const read = async (path: string, loadOptions: LoadOptions): Promise<VerifiedPackage> => {
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

function requireSignature({ security, trust, org, observer }: LoaderOptions, clock: () => Date): Verify {
  const organisation = security?.verificationOrg ?? org;
  if (security?.authority === '') throw emptyAuthority();
  if (trust === undefined || !organisation) {
    const missing = trust === undefined ? 'no source of trust' : 'no organisation';
    throw new HanaperError(
      'bad_config',
      `Signatures are required, but ${missing} was given to verify them with. Name an organisation and a trust source.`,
      { missing },
    );
  }
  const { authority } = security ?? {};
  const fixed = { organisation, trust, ...(observer && { observer }), ...(authority !== undefined && { authority }) };
  return (packageHash, path, { name, source, proofs }) => {
    const asked = { ...(name && { name }), ...(source && { source }), ...(proofs && { proofs }) };
    return verifyHash(packageHash, path, { ...fixed, ...asked, now: clock() });
  };
}

// A misspelt setting must not leave the check off.
function requireKnownSettings(security: SecurityConfig | undefined): void {
  if (security === undefined) return;
  const known = ['requireSignatures', 'verificationOrg', 'authority'];
  const unknown = Object.keys(security ?? {}).find((setting) => !known.includes(setting));
  if (security !== null && unknown === undefined && typeof security.requireSignatures === 'boolean') return;
  throw new HanaperError(
    'bad_config',
    unknown === undefined
      ? 'Say with requireSignatures, true or false, whether signatures are required.'
      : `There is no security setting "${unknown}"; there are ${known.join(', ')}.`,
    { field: unknown ?? 'requireSignatures' },
  );
}

// What an unset variable gives must not switch the check off.
function emptyAuthority(): HanaperError {
  return new HanaperError('bad_config', 'The authority to accept is empty. Give its DID, or leave it out.', {
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
