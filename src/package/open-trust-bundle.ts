import { HanaperError, systemCodeOf } from '../errors.ts';
import { makeFolderOf } from '../make-folder.ts';
import { maxBundleLength } from '../trust/bundle.ts';
import { createBundleSource } from '../trust/bundle-source.ts';
import { openBundle, type TrustBundle } from '../trust/open-bundle.ts';
import {
  checkBundle,
  formatSeen,
  knowsBefore,
  laterOf,
  maxSeenLength,
  nothingSeen,
  parseSeen,
  type SeenTrust,
  wasSeen,
  withoutSeen,
} from '../trust/seen.ts';
import type { TrustMaterial, TrustQuery, TrustSource } from '../trust/source.ts';
import { withFileLock } from './file-lock.ts';
import { readRegularFile } from './read-file.ts';
import { writeFileBeside } from './write-file.ts';

/** Which bundle is opened, and what is remembered of those before it. */
export interface TrustBundleOptions {
  /** DID of the authority, from elsewhere than the bundle. */
  readonly authority: string;
  /** The file that remembers the highest version, the last checkpoint and the latest time; absent: nothing is remembered. */
  readonly state?: string;
  /** Whether a bundle is refused where none of its organisation was seen before. */
  readonly requireState?: boolean;
  /** Default: the system's clock. */
  readonly clock?: () => Date;
}

/** Trust from a bundle: no database, no network. */
export interface BundleTrust extends TrustSource {
  readonly bundle: TrustBundle;
  /** Whether it was held against one that was seen before. */
  readonly rollback: 'checked' | 'unchecked';
  /** The present: the clock's, or the latest time that was seen, whichever is later. */
  now(): Date;
}

/**
 * Opens a trust bundle from a file, and remembers it. An older one than was seen before is refused, and a clock that was put
 * back does not bring an expired one to life.
 *
 * @throws HanaperError `authority_changed`, `trust_tampered`, `bundle_expired`, `bundle_rolled_back`, `log_rolled_back`,
 * `bad_config` where the state cannot be read, `not_found` where there is no such bundle
 * @example
 * const trust = await openTrustBundle('acme.trust', { authority: 'did:key:z6Mk…', state: 'trust-state.json' });
 * const loader = createLoader({ security: { requireSignatures: true, verificationOrg: 'acme' }, trust });
 */
export async function openTrustBundle(path: string, options: TrustBundleOptions): Promise<BundleTrust> {
  const { authority, clock = () => new Date() } = options;
  const bytes = readRegularFile(path, maxBundleLength, unreadable);
  if (bytes === undefined) throw noBundle(path);
  const now = laterOf(readSeen(options.state), authority, clock());
  const bundle = await openBundle(bytes, { authority, now });
  const { before, after } = remember(options, bundle, now);
  return createTrust(bundle, before, () => laterOf(after, authority, clock()));
}

function createTrust(bundle: TrustBundle, before: SeenTrust, now: () => Date): BundleTrust {
  const inner = createBundleSource(bundle, now);
  const rollback = knowsBefore(before, bundle) ? 'checked' : 'unchecked';
  const isRemembered: TrustMaterial['isRemembered'] = (checkpoint) => wasSeen(before, bundle.authority, checkpoint);
  return {
    bundle,
    rollback,
    now,
    trustFor: async (query: TrustQuery) => ({ ...(await inner.trustFor(query)), rollback, isRemembered }),
  };
}

function readSeen(state: string | undefined): SeenTrust {
  const bytes = state === undefined ? undefined : readRegularFile(state, maxSeenLength, unreadableState);
  return bytes === undefined ? nothingSeen : parseSeen(bytes);
}

interface Memory {
  readonly before: SeenTrust;
  readonly after: SeenTrust;
}

// Read again under the lock: somebody else may have seen a newer one in the meantime.
function remember({ state, requireState = false }: TrustBundleOptions, bundle: TrustBundle, now: Date): Memory {
  if (state === undefined) {
    if (requireState) throw withoutSeen(bundle);
    return { before: nothingSeen, after: nothingSeen };
  }
  makeFolder(state);
  return withFileLock(state, () => {
    const before = readSeen(state);
    if (requireState && !knowsBefore(before, bundle)) throw withoutSeen(bundle);
    const after = checkBundle(before, bundle, now);
    writeFileBeside(state, formatSeen(after), 0o600);
    return { before, after };
  });
}

function makeFolder(path: string): void {
  try {
    makeFolderOf(path);
  } catch (cause) {
    throw unreadableState(path, cause);
  }
}

function noBundle(path: string): HanaperError {
  return new HanaperError(
    'not_found',
    `There is no trust bundle ${path}. Have it exported where the database is: hanaper trust export.`,
    { kind: 'trust bundle', path },
  );
}

function unreadable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unreadable';
  return new HanaperError(
    'trust_tampered',
    `The trust bundle ${path} cannot be read (${reason}).`,
    { path, reason },
    cause,
  );
}

function unreadableState(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unreadable';
  return new HanaperError('bad_config', `The trust state ${path} cannot be read (${reason}).`, { path, reason }, cause);
}
