import { setPolicy, showPolicy } from '../../authority/index.ts';
import { parsePolicyText, policyLimits } from '../../trust/parse-policy.ts';
import type { VerificationPolicy } from '../../trust/policy.ts';
import type { Outcome } from '../output.ts';
import { readBounded } from '../read-bounded.ts';
import type { Session } from '../session.ts';

/** `hanaper policy set FILE` */
export async function set(session: Session, file: string): Promise<Outcome> {
  const policy = parsePolicyText((await readBounded(file, policyLimits.length)).bytes);
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(session.organisation, setPolicy, { policy });
  return {
    document,
    lines: [
      `The verification policy of ${document.organisation} was set.`,
      ...describe(policy),
      '',
      'Next: hanaper package verify FILE, and hanaper trust export for who verifies by a bundle',
    ],
  };
}

/** `hanaper policy clear` */
export async function clear(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(session.organisation, setPolicy, { policy: null });
  return { document, lines: [`${document.organisation} asks for one good signature, and nothing else.`] };
}

/** `hanaper policy show` */
export async function show(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const document = await caller.executeFor(session.organisation, showPolicy, {});
  const { organisation, policy } = document;
  const none = [`${organisation} has no verification policy: one good signature is enough.`];
  return { document, lines: policy ? [`The verification policy of ${organisation}:`, ...describe(policy)] : none };
}

function describe({ level, groups, names, ...rest }: VerificationPolicy): string[] {
  const { max_age_seconds: age, require_inclusion_proof: proof } = rest;
  return [
    `  level  ${level}`,
    ...groups.map(({ name, keys, threshold }) => `  group  ${name}: ${threshold} of ${keys.length} keys`),
    ...names.map(({ pattern, keys }) => `  names  ${pattern}: ${keys.length === 1 ? '1 key' : `${keys.length} keys`}`),
    ...(age === undefined ? [] : [`  age    at most ${age} seconds`]),
    ...(proof === undefined ? [] : ['  proof  a place in the log that is proven']),
  ];
}
