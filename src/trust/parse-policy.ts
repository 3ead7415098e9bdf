import { HanaperError } from '../errors.ts';
import { DocumentReader } from './document-reader.ts';
import type { NameRule, PolicyGroup, PolicyLevel, VerificationPolicy } from './policy.ts';

/** How much a policy may ask. */
export const policyLimits: Readonly<
  Record<'length' | 'groups' | 'keys' | 'patterns' | 'patternCharacters' | 'nameCharacters' | 'maxAgeSeconds', number>
> = {
  /** Bytes of its JSON. */
  length: 1024 * 1024,
  groups: 32,
  /** Of all groups and all patterns together, each time one is named. */
  keys: 1000,
  patterns: 200,
  patternCharacters: 256,
  nameCharacters: 63,
  /** A hundred years. */
  maxAgeSeconds: 3_155_760_000,
};

const levels: readonly unknown[] = ['enforce', 'audit', 'off'] satisfies PolicyLevel[];

/**
 * Reads a verification policy out of a value of JSON. Nothing in it is unknown, said twice, or beyond what is there.
 *
 * @throws HanaperError `bad_input` naming the field
 */
export function parsePolicy(value: unknown): VerificationPolicy {
  const policy = requirePolicy(value);
  const counted = [...policy.groups, ...policy.names].reduce((sum, { keys }) => sum + keys.length, 0);
  if (counted > policyLimits.keys) throw refuse(`names more than ${policyLimits.keys} keys`, 'policy');
  requireDistinct(
    policy.groups.map(({ name }) => name),
    'groups',
  );
  requireDistinct(
    policy.names.map(({ pattern }) => pattern),
    'names',
  );
  return policy;
}

/**
 * Reads a verification policy out of its JSON: at most 1 MiB.
 *
 * @throws HanaperError `bad_input` naming the field
 */
export function parsePolicyText(bytes: Uint8Array): VerificationPolicy {
  return parsePolicy(reader.json(reader.utf8(bytes, policyLimits.length)));
}

const reader = new DocumentReader(refuse);
const optional = ['max_age_seconds', 'require_inclusion_proof'];

function requirePolicy(value: unknown): VerificationPolicy {
  const policy = reader.object(value, 'policy', ['version', 'level', 'groups', 'names'], optional);
  const { version, level, groups, names, max_age_seconds: age, require_inclusion_proof: proof } = policy;
  if (version !== 1) throw refuse('is not 1', 'version');
  if (!levels.includes(level)) throw refuse('is neither enforce, audit nor off', 'level');
  if ('require_inclusion_proof' in policy && proof !== true) {
    throw refuse('is not true; leave it out where no proof is asked', 'require_inclusion_proof');
  }
  const { maxAgeSeconds } = policyLimits;
  return {
    version: 1,
    level: level as PolicyLevel,
    groups: reader.list(groups, 'groups', policyLimits.groups, readGroup),
    names: reader.list(names, 'names', policyLimits.patterns, readNameRule),
    ...('max_age_seconds' in policy && { max_age_seconds: reader.integer(age, 'max_age_seconds', 1, maxAgeSeconds) }),
    ...(proof === true && { require_inclusion_proof: proof }),
  };
}

function readGroup(value: unknown, field: string): PolicyGroup {
  const group = reader.object(value, field, ['name', 'keys', 'threshold']);
  const keys = readKeys(group['keys'], `${field}.keys`);
  return {
    name: reader.text(group['name'], `${field}.name`, { max: policyLimits.nameCharacters, accepts: isName }),
    keys,
    threshold: reader.integer(group['threshold'], `${field}.threshold`, 1, keys.length),
  };
}

function readNameRule(value: unknown, field: string): NameRule {
  const rule = reader.object(value, field, ['pattern', 'keys']);
  const bounds = { max: policyLimits.patternCharacters, accepts: (text: string) => text !== '' };
  return {
    pattern: reader.text(rule['pattern'], `${field}.pattern`, bounds),
    keys: readKeys(rule['keys'], `${field}.keys`),
  };
}

function readKeys(value: unknown, field: string): readonly string[] {
  const keys = reader.list(value, field, policyLimits.keys, (key, place) => reader.sha256(key, place));
  if (keys.length === 0) throw refuse('names no key', field);
  requireDistinct(keys, field);
  return keys;
}

// One key that counts twice is how thresholds fail.
function requireDistinct(values: readonly string[], field: string): void {
  if (new Set(values).size < values.length) throw refuse('names something twice', field);
}

function isName(text: string): boolean {
  return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text);
}

function refuse(reason: string, field: string, cause?: unknown): HanaperError {
  const what = field === '' ? 'it' : field;
  return new HanaperError(
    'bad_input',
    `This is no verification policy: ${what} ${reason}. Mend it; every field is in docs/formats/verification-policy.md.`,
    { field, reason },
    cause,
  );
}
