import type { HanaperError } from '../errors.ts';
import { compareTrustState } from './compare-state.ts';
import { readSnapshot } from './open-snapshot.ts';
import type { SnapshotClaims } from './snapshot.ts';
import { trustTampered } from './tampered.ts';

/** The error that tells in what a signed snapshot differs from what was found. */
export function describeDifference(did: string, payload: Uint8Array, found: SnapshotClaims): HanaperError {
  const signed = readSnapshot(did, payload);
  const what = compareTrustState(signed.state, found.state);
  const told = what.length > 0 ? what : ['time of the snapshot changed'];
  const organisation = found.state.organisation.did;
  return trustTampered('snapshot', `differs from the rows: ${told.slice(0, 3).join(', ')}`, {
    organisation,
    what: told,
  });
}
