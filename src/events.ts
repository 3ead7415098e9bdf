import type { ErrorCode, ErrorDetails, HanaperError } from './errors.ts';

/** Names of all events. Refusals are events like successes. */
export const eventNames = [
  'package.load.success',
  'package.load.failure',
  'package.signed',
  'package.sign.failure',
  'package.signature.attached',
  'verification.success',
  'verification.failure',
  'key.signing.created',
  'key.signing.create_failed',
  'key.signing.imported',
  'key.signing.revoked',
  'key.exported',
  'key.trusted.added',
  'key.trusted.revoked',
  'key.trust_acl.granted',
  'key.trust_acl.revoked',
  'policy.changed',
  'trust.exported',
  'ucan.delegation.issued',
  'ucan.delegation.stored',
  'ucan.delegation.store_failed',
  'ucan.revoked',
  'ucan.revoke_failed',
  'ucan.legacy.imported',
  'command.executed',
  'command.refused',
  'command.unconfirmed',
  'log.checkpoint_failed',
  'log.refused',
  'vault.unlocked',
  'vault.unlock_failed',
  'vault.locked',
  'slot.added',
  'slot.removed',
] as const;

/** One of {@link eventNames}. */
export type EventName = (typeof eventNames)[number];

/** Something that happened, or was refused. It never holds a key, a passphrase or a token. */
export interface HanaperEvent {
  readonly name: EventName;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Names, hashes and fingerprints: plain JSON. */
  readonly details: ErrorDetails;
  /** Why it was refused; absent on success. */
  readonly reason?: ErrorCode;
}

/**
 * Receives every event, after the fact and before the caller has its answer; from an authority, a refusal with its
 * error. An observer that throws makes the call fail: nothing goes on unrecorded.
 */
export type Observer = (event: HanaperEvent, refusal?: HanaperError) => void;
