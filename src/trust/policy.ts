/** Keys of which some number must have signed. */
export interface PolicyGroup {
  /** Kebab-case. */
  readonly name: string;
  /** Fingerprints: 64 hex characters each. */
  readonly keys: readonly string[];
  /** How many of the keys, from 1. */
  readonly threshold: number;
}

/** Which names some keys may sign. */
export interface NameRule {
  /** The whole name; `*` is any run of characters but `/`. */
  readonly pattern: string;
  /** Fingerprints: 64 hex characters each. */
  readonly keys: readonly string[];
}

/** Whether what a policy asks refuses, is only told, or is not looked at. */
export type PolicyLevel = 'enforce' | 'audit' | 'off';

/** What an organisation asks of a package beyond one good signature (docs/formats/verification-policy.md). */
export interface VerificationPolicy {
  readonly version: 1;
  readonly level: PolicyLevel;
  /** Each must be met. None: one signature is enough. */
  readonly groups: readonly PolicyGroup[];
  /** A key that is named in any may sign nothing but what one of its patterns matches. */
  readonly names: readonly NameRule[];
  /** How old a signature may be. */
  readonly max_age_seconds?: number;
  /** A signature counts only if its place in the log is proven. */
  readonly require_inclusion_proof?: true;
}

/** A policy in its one form, as it is signed and stored: JSON without white space, the fields in their order. */
export function formatPolicy(policy: VerificationPolicy): string {
  return JSON.stringify(orderPolicy(policy));
}

/** A policy by which a key's successor may sign no other names than the key: else a rotation would lift what is asked of it. */
export function holdSuccessor(policy: VerificationPolicy, key: string, successor: string): VerificationPolicy {
  const names = policy.names.map((rule) =>
    rule.keys.includes(key) ? { ...rule, keys: [...rule.keys, successor] } : rule,
  );
  return { ...policy, names };
}

/** A policy with its fields in the order in which they are written. */
export function orderPolicy(policy: VerificationPolicy): VerificationPolicy {
  const { version, level, groups, names, max_age_seconds, require_inclusion_proof } = policy;
  return {
    version,
    level,
    groups: groups.map(({ name, keys, threshold }) => ({ name, keys, threshold })),
    names: names.map(({ pattern, keys }) => ({ pattern, keys })),
    ...(max_age_seconds === undefined ? {} : { max_age_seconds }),
    ...(require_inclusion_proof === undefined ? {} : { require_inclusion_proof }),
  };
}
