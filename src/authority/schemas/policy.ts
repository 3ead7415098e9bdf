import { z } from 'zod';
import { requireRefusal } from '../../attempt.ts';
import { parsePolicy, policyLimits } from '../../trust/parse-policy.ts';
import type { VerificationPolicy } from '../../trust/policy.ts';
import { nameArg, sha256Arg } from './args.ts';

const keys = z.array(sha256Arg).min(1).max(policyLimits.keys).describe('Fingerprints');

/** A verification policy; what its fields cannot tell one by one is said by the trust module. */
export const policyArg: z.ZodType<VerificationPolicy> = z
  .strictObject({
    version: z.literal(1),
    level: z.enum(['enforce', 'audit', 'off']).describe('Whether it refuses, only reports, or is not evaluated'),
    groups: z
      .array(z.strictObject({ name: nameArg, keys, threshold: z.int().min(1).describe('How many of the keys') }))
      .max(policyLimits.groups)
      .describe('Keys of which some number must have signed'),
    names: z
      .array(z.strictObject({ pattern: z.string().min(1).max(policyLimits.patternCharacters), keys }))
      .max(policyLimits.patterns)
      .describe('Which names these keys may sign, and no others'),
    max_age_seconds: z.int().min(1).max(policyLimits.maxAgeSeconds).exactOptional(),
    require_inclusion_proof: z.literal(true).exactOptional(),
  })
  .superRefine((policy, context) => {
    const failure = failureOf(policy);
    if (failure) context.addIssue({ code: 'custom', message: failure });
  });

function failureOf(policy: unknown): string | undefined {
  try {
    parsePolicy(policy);
    return undefined;
  } catch (error) {
    const refusal = requireRefusal(error);
    return `${String(refusal.details['field'])} ${String(refusal.details['reason'])}`;
  }
}
