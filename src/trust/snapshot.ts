import { encodeUtf8 } from '../bytes.ts';
import type { Ed25519PublicKey } from '../crypto/ed25519.ts';
import type { IdentitySigner } from '../log/log-key.ts';
import { preAuthenticationEncoding } from '../signature/dsse.ts';
import { describeState, type TrustState } from './state.ts';

/** The trust of one organisation at one version, as its authority signed it. */
export interface SignedSnapshot {
  /** JSON in its one form. */
  readonly payload: Uint8Array;
  /** 64 bytes, by the identity key of the authority, over the payload's pre-authentication encoding. */
  readonly signature: Uint8Array;
}

/** What a snapshot says besides the state. */
export interface SnapshotClaims {
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  readonly state: TrustState;
}

/** Whose snapshots count. */
export interface SnapshotAuthority {
  readonly did: string;
  readonly publicKey: Ed25519PublicKey;
}

/** The type under which snapshots are signed. */
export const snapshotPayloadType = 'application/vnd.hanaper.trust-snapshot+json';
/** What a snapshot says that it is. */
export const snapshotType = 'hanaper/v1/trust-snapshot';

/** Signs the trust of an organisation, in the name of its authority. */
export async function signSnapshot(identity: IdentitySigner, claims: SnapshotClaims): Promise<SignedSnapshot> {
  const payload = encodeSnapshot(identity.did, claims);
  return { payload, signature: await identity.sign(preAuthenticationEncoding(payload, snapshotPayloadType)) };
}

/** The payload of a snapshot. */
export function encodeSnapshot(authority: string, { createdAt, state }: SnapshotClaims): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify({ _type: snapshotType, authority, created_at: createdAt, ...describeState(state) }));
}
