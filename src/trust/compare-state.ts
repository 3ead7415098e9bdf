import { encodeTrustState, type StateKey, type TrustState } from './state.ts';

/**
 * What of a state is other than it was signed, each as a sentence without its end: `key 56475a… added`. None where the two
 * are the same.
 */
export function compareTrustState(signed: TrustState, found: TrustState): readonly string[] {
  return [
    ...compareFields(signed, found),
    ...compareKeys(signed.keys, found.keys),
    ...(formOf({ policy: signed.policy }) === formOf({ policy: found.policy }) ? [] : ['policy changed']),
  ];
}

function compareFields(signed: TrustState, found: TrustState): readonly string[] {
  return [
    ...(signed.organisation.did === found.organisation.did ? [] : ['organisation changed']),
    ...(signed.organisation.name === found.organisation.name ? [] : ['name of the organisation changed']),
    ...(signed.version === found.version ? [] : [`version ${found.version} instead of ${signed.version}`]),
  ];
}

function compareKeys(signed: readonly StateKey[], found: readonly StateKey[]): readonly string[] {
  const [before, after] = [byFingerprint(signed), byFingerprint(found)];
  const fingerprints = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return fingerprints.flatMap((fingerprint) => {
    const fields = compareKey(before.get(fingerprint), after.get(fingerprint));
    return fields === undefined ? [] : [`key ${fingerprint} ${fields}`];
  });
}

function compareKey(signed: StateKey | undefined, found: StateKey | undefined): string | undefined {
  if (signed === undefined) return 'added';
  if (found === undefined) return 'removed';
  if (signed.revocation && !found.revocation) return 'no longer revoked';
  return formOf({ keys: [signed] }) === formOf({ keys: [found] }) ? undefined : 'changed';
}

function byFingerprint(keys: readonly StateKey[]): ReadonlyMap<string, StateKey> {
  return new Map(keys.map((key) => [key.fingerprint, key]));
}

function formOf(part: Partial<TrustState>): string {
  return encodeTrustState({ organisation: { did: '', name: '' }, version: 1, keys: [], policy: null, ...part });
}
