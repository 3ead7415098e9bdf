import { z } from 'zod';
import type { DelegationRow } from '../../store/engine/schema.ts';
import type { DelegationStatus } from '../../ucan/chain/delegation-status.ts';
import type { Candidate } from '../../ucan/chain/find-chain.ts';
import { toJsonValue } from '../../ucan/encoding/dag-json.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { cidText, commandArg, didArg, timeArg } from '../schemas/args.ts';

/** A delegation as a document: UCAN's own names, CIDs in base58btc, times in seconds. */
export interface DelegationDocument {
  readonly cid: string;
  readonly iss: string;
  readonly aud: string;
  /** Absent for a powerline. */
  readonly sub?: string;
  readonly cmd: string;
  /** The statements of the policy. */
  readonly pol: readonly unknown[];
  readonly nbf?: number;
  readonly exp?: number;
  readonly is_root: boolean;
  readonly is_powerline: boolean;
  readonly created_at: string;
}

/**
 * How a stored delegation stands at the time of the list; `unproven`: live, but no live chain to it is stored here;
 * `undecided`: live, but so many delegations stand above it that it was not found out.
 */
export type DelegationState = (typeof states)[number];

const states = ['live', 'unproven', 'undecided', 'expired', 'not_yet_valid', 'revoked'] as const;

/** A delegation, and its state at the time of the question. */
export interface StatedDelegation extends DelegationDocument {
  readonly state: DelegationState;
}

type OptionalField = 'sub' | 'nbf' | 'exp';

/** The form of {@link StatedDelegation}. */
export const delegationFields: {
  readonly [Field in Exclude<keyof StatedDelegation, OptionalField>]: z.ZodType<StatedDelegation[Field]>;
} & {
  readonly [Field in OptionalField]: z.ZodExactOptional<z.ZodType<Required<StatedDelegation>[Field]>>;
} = {
  cid: cidText,
  iss: didArg,
  aud: didArg,
  sub: didArg.describe('Absent for a powerline').exactOptional(),
  cmd: commandArg,
  pol: z.array(z.unknown()).describe('The statements of the policy'),
  nbf: z.int().describe('Seconds since 1970').exactOptional(),
  exp: z.int().describe('Seconds since 1970').exactOptional(),
  is_root: z.boolean(),
  is_powerline: z.boolean(),
  created_at: timeArg,
  state: z.enum(states),
};

/** A delegation as a document, with its state at a time in seconds since 1970. */
export function describeDelegation(
  row: DelegationRow,
  candidate: Candidate,
  standing: DelegationStatus,
  now: number,
): StatedDelegation {
  return { ...toDocument(row, candidate.delegation), state: stateOf(candidate, standing, now) };
}

function stateOf({ delegation }: Candidate, standing: DelegationStatus, now: number): DelegationState {
  const { expiration, notBefore = 0 } = delegation;
  if (standing === 'revoked') return 'revoked';
  if (expiration !== null && now > expiration) return 'expired';
  if (now < notBefore) return 'not_yet_valid';
  return standing === 'stands' ? 'live' : standing;
}

function toDocument(row: DelegationRow, delegation: Delegation): DelegationDocument {
  const { issuer, audience, subject, command, policy, notBefore, expiration } = delegation;
  return {
    cid: row.cid,
    iss: issuer,
    aud: audience,
    ...(subject !== null && { sub: subject }),
    cmd: command,
    pol: policy.source.map(toJsonValue),
    ...(notBefore !== undefined && { nbf: notBefore }),
    ...(expiration !== null && { exp: expiration }),
    is_root: issuer === subject,
    is_powerline: subject === null,
    created_at: row.createdAt,
  };
}
