import { requireRefusal } from '../attempt.ts';
import { type ErrorCode, HanaperError } from '../errors.ts';
import { makeFolderOf } from '../make-folder.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import { readRegularFile } from '../read-file.ts';
import { maxBundleLength } from '../trust/bundle.ts';
import { createBundleSource } from '../trust/bundle-source.ts';
import { type BundleContext, openBundle, type TrustBundle } from '../trust/open-bundle.ts';
import {
  aheadOf,
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
import { unwritable } from '../unwritable.ts';
import { withFileLock } from './file-lock.ts';
import { writeFileBeside } from './write-file.ts';

/** Which bundle is opened, and what is remembered of those before it. */
export interface TrustBundleOptions {
  /** DID of the authority, from elsewhere than the bundle. */
  readonly authority: string;
  /** The file that remembers the highest version, the last checkpoint and when the newest bundle was issued; absent: nothing is remembered. */
  readonly state?: string;
  /** Whether a bundle is refused where none of its organisation was seen before. */
  readonly requireState?: boolean;
  /** Default: the system's clock. */
  readonly clock?: () => Date;
}

/** Trust from a bundle: no database, no network. */
export interface BundleTrust extends TrustSource {
  readonly bundle: TrustBundle;
  /** Whether it was checked against one that was seen before. */
  readonly rollback: 'checked' | 'unchecked';
  /** The present: the clock's, or the latest time that was seen, whichever is later. */
  now(): Date;
  /** Whether the state holds this bundle from here on: not where nothing is remembered, or the state may only be read. */
  readonly remembered: boolean;
  /** The latest time in the state, where the clock is behind it by more than 60 seconds. */
  readonly latestTime?: string;
}

const optionNames: OptionNames<TrustBundleOptions> = {
  authority: true,
  state: true,
  requireState: true,
  clock: true,
};

/**
 * Opens a trust bundle from a file, and remembers it. An older one than was seen before is refused. A clock that was put
 * back does not bring to life what had expired when the newest bundle that was seen was issued. A state that cannot be
 * written to is checked against the bundle all the same.
 *
 * @throws HanaperError `authority_changed`, `trust_tampered`, `bundle_not_yet_valid`, `bundle_expired`, `bundle_rolled_back`,
 * `log_rolled_back`, `bad_config` where the state cannot be read, or not be begun, `not_found` where there is no such bundle
 * @example
 * const trust = await openTrustBundle('acme.trust', { authority: 'did:key:z6Mk…', state: 'trust-state.json' });
 * const loader = createLoader({ security: { requireSignatures: true, verificationOrg: 'acme' }, trust });
 */
export async function openTrustBundle(path: string, options: TrustBundleOptions): Promise<BundleTrust> {
  requireKnownOptions('openTrustBundle', options, optionNames);
  const { authority, clock = () => new Date() } = options;
  const bytes = readRegularFile(path, maxBundleLength, unreadable);
  if (bytes === undefined) throw noBundle(path);
  const seen = readSeen(options.state);
  const explain = (refusal: HanaperError) => explainAhead(refusal, options, aheadOf(seen, authority, clock()), clock());
  const bundle = await openAt(bytes, { authority, now: laterOf(seen, authority, clock()) }, explain);
  return createTrust(bundle, { ...remember(options, bundle), explain, clock });
}

async function openAt(bytes: Uint8Array, context: BundleContext, explain: Explain): Promise<TrustBundle> {
  try {
    return await openBundle(bytes, context);
  } catch (error) {
    throw explain(requireRefusal(error));
  }
}

type Explain = (refusal: HanaperError) => HanaperError;

function createTrust(
  bundle: TrustBundle,
  { before, after, isRemembered: remembered, explain, clock }: Memory & { readonly explain: Explain; clock(): Date },
): BundleTrust {
  const now = () => laterOf(after, bundle.authority, clock());
  const inner = createBundleSource(bundle, now);
  const rollback = knowsBefore(before, bundle) ? 'checked' : 'unchecked';
  const isRemembered: TrustMaterial['isRemembered'] = (checkpoint) => wasSeen(before, bundle.authority, checkpoint);
  const latestTime = aheadOf(after, bundle.authority, clock());
  return {
    bundle,
    rollback,
    remembered,
    ...(latestTime !== undefined && { latestTime }),
    now,
    explain,
    trustFor: async (query: TrustQuery) => ({ ...(await inner.trustFor(query)), rollback, isRemembered }),
  };
}

const expiries: readonly ErrorCode[] = ['bundle_expired', 'signature_expired'];

// What counts as expired by a state that was dated by a wrong clock looks fresh to everybody else.
function explainAhead(
  refusal: HanaperError,
  { state }: TrustBundleOptions,
  latest: string | undefined,
  clock: Date,
): HanaperError {
  const { code, message, details } = refusal;
  if (latest === undefined || !expiries.includes(code) || 'latest_time' in details) return refusal;
  const said = `The trust state ${state} has seen the time ${latest}, and the clock says ${clock.toISOString()}. If the clock is right now, and was wrong then: remove ${state}, and open the newest bundle next, since an older one is not noticed that once.`;
  const more = { state, latest_time: latest, clock: clock.toISOString() };
  return new HanaperError(code, `${message} ${said}`, { ...details, ...more }, refusal);
}

function readSeen(state: string | undefined): SeenTrust {
  const bytes = state === undefined ? undefined : readRegularFile(state, maxSeenLength, unreadableState);
  return bytes === undefined ? nothingSeen : parseSeen(bytes);
}

interface Memory {
  readonly before: SeenTrust;
  readonly after: SeenTrust;
  readonly isRemembered: boolean;
}

function remember({ state, requireState = false }: TrustBundleOptions, bundle: TrustBundle): Memory {
  const check = (): Memory => {
    const before = readSeen(state);
    if (requireState && !knowsBefore(before, bundle)) throw withoutSeen(bundle);
    if (state === undefined) return { before, after: before, isRemembered: false };
    const after = checkBundle(before, bundle);
    return { before, after, isRemembered: formatSeen(before) === formatSeen(after) };
  };
  const first = check();
  return state === undefined || first.isRemembered ? first : tryToWrite(state, check, first);
}

function tryToWrite(state: string, check: () => Memory, first: Memory): Memory {
  try {
    makeFolder(state);
    // Checked again under the lock: another process may have seen a newer one in the meantime.
    return withFileLock(state, () => {
      const latest = check();
      writeFileBeside(state, formatSeen(latest.after), 0o600);
      return { ...latest, isRemembered: true };
    });
  } catch (error) {
    // What may only be read still tells an older bundle. A state that was never begun tells nothing.
    if (first.before !== nothingSeen && isReadOnly(error)) return first;
    throw error;
  }
}

const readOnly: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS'];

function isReadOnly(error: unknown): boolean {
  return error instanceof HanaperError && readOnly.includes(error.details['reason']);
}

function makeFolder(path: string): void {
  try {
    makeFolderOf(path);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function noBundle(path: string): HanaperError {
  return new HanaperError('not_found', `There is no trust bundle ${path}. Have it exported where the database is.`, {
    kind: 'trust bundle',
    path,
    remedy: 'export_trust_bundle',
  });
}

function unreadable(path: string, reason: string, cause?: unknown): HanaperError {
  return new HanaperError(
    'trust_tampered',
    `The trust bundle ${path} cannot be read (${reason}).`,
    { path, reason },
    cause,
  );
}

function unreadableState(path: string, reason: string, cause?: unknown): HanaperError {
  return new HanaperError('bad_config', `The trust state ${path} cannot be read (${reason}).`, { path, reason }, cause);
}
