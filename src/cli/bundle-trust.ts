import { join } from 'node:path';
import { HanaperError } from '../errors.ts';
import type { BundleTrust } from '../package/open-trust-bundle.ts';
import type { Session } from './session.ts';

/** Options of whatever can verify by a trust bundle. */
export interface BundleOptions {
  readonly trustBundle?: string;
  /** A file, or `none`. */
  readonly trustState?: string;
  readonly requireState?: boolean;
}

/**
 * The trust of a bundle, where one is named: no database is opened.
 *
 * @throws HanaperError `usage` where it is not said whose bundle it must be, and what opening a bundle throws
 */
export async function findBundleTrust(
  session: Session,
  { trustBundle, trustState, requireState }: BundleOptions,
): Promise<BundleTrust | undefined> {
  if (trustBundle === undefined) {
    if (trustState !== undefined || requireState) throw withoutBundle(trustState ? '--trust-state' : '--require-state');
    return undefined;
  }
  const { authority } = session.config.security;
  if (authority === undefined) throw withoutAuthority();
  const { openTrustBundle } = await import('../package/open-trust-bundle.ts');
  const state = trustState ?? join(session.config.stateFolder, 'trust-state.json');
  const trust = await openTrustBundle(trustBundle, {
    authority,
    ...(state !== 'none' && { state }),
    ...(requireState && { requireState }),
  });
  if (trust.latestTime !== undefined) session.warn(describeAhead(state, trust.latestTime));
  if (state !== 'none' && !trust.remembered) session.warn(`${state} may only be read: this bundle is not remembered.`);
  return trust;
}

function describeAhead(state: string, latest: string): string {
  return `The trust state ${state} has seen the time ${latest}, and the clock is behind it. If the clock is right, remove that file once, and verify with the newest bundle.`;
}

function withoutBundle(option: string): HanaperError {
  return new HanaperError('usage', `${option} goes with --trust-bundle: a database is asked each time.`, { option });
}

function withoutAuthority(): HanaperError {
  return new HanaperError(
    'usage',
    'Whose bundle must it be? Give the DID of the authority, which you have from elsewhere: --authority did:key:….',
    { option: '--authority' },
  );
}
