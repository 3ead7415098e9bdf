import { HanaperError } from '../errors.ts';
import { requireNotExpired, type TrustBundle } from './open-bundle.ts';
import type { TrustMaterial, TrustSource } from './source.ts';
import { TrustedLog } from './trusted-log.ts';

/**
 * A source of trust that needs no database and no network: a bundle that was opened. It is set up once, remembers the
 * checkpoints that were verified, and is asked as long as the bundle lasts; then it is `bundle_expired`.
 */
export function createBundleSource(bundle: TrustBundle, clock: () => Date): TrustSource {
  const { authority, state, logKey, rest, checkpoint } = bundle;
  const log = new TrustedLog(logKey);
  log.know(checkpoint, rest);
  const { did, name } = state.organisation;
  const keys = new Map(state.keys.map((key) => [key.fingerprint, key]));
  const material: TrustMaterial = {
    authority,
    organisation: did,
    organisationName: name,
    keys,
    signatures: [],
    policy: state.policy,
    openLog: async () => log,
  };
  return {
    trustFor: async ({ organisation }) => {
      requireNotExpired(bundle, clock());
      if (organisation === undefined || organisation === did || organisation === name) return material;
      throw new HanaperError(
        'not_found',
        `The trust bundle is that of ${name}, not of ${organisation.slice(0, 100)}.`,
        {
          kind: 'organisation',
        },
      );
    },
  };
}
