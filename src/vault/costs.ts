import type { Argon2Parameters } from '../crypto/argon2.ts';
import { HanaperError } from '../errors.ts';

/** The named Argon2id costs. */
export type SecurityLevel = 'interactive' | 'balanced' | 'sensitive';

/** Argon2id costs by name. `balanced`, the default, is the second choice of RFC 9106, section 4. */
export const securityLevels: Readonly<Record<SecurityLevel, Argon2Parameters>> = {
  interactive: { memoryKib: 32 * 1024, passes: 2, lanes: 2 },
  balanced: { memoryKib: 64 * 1024, passes: 3, lanes: 4 },
  sensitive: { memoryKib: 128 * 1024, passes: 4, lanes: 8 },
};

const bounds = {
  memoryKib: { least: 19 * 1024, most: 1024 * 1024 },
  passes: { least: 2, most: 16 },
  lanes: { least: 1, most: 16 },
} as const;

/** Whether costs lie within what is accepted: at least 19 MiB, 2 passes and 1 lane; at most 1 GiB, 16 and 16. */
export function areCostsWithinBounds(costs: Argon2Parameters): boolean {
  return outOfBounds(costs) === undefined;
}

/**
 * Checks costs that somebody chose.
 *
 * @throws HanaperError `bad_input`
 */
export function requireCostsWithinBounds(costs: Argon2Parameters): void {
  const name = outOfBounds(costs);
  if (name === undefined) return;
  const { least, most } = bounds[name];
  throw new HanaperError(
    'bad_input',
    `Argon2id ${name} must be a whole number from ${least} to ${most}, not ${costs[name]}.`,
    { field: name, least, most },
  );
}

function outOfBounds(costs: Argon2Parameters): keyof typeof bounds | undefined {
  const names = ['memoryKib', 'passes', 'lanes'] as const;
  return names.find((name) => {
    const value = costs[name];
    return !Number.isSafeInteger(value) || value < bounds[name].least || value > bounds[name].most;
  });
}
