import { equalBytes } from '../bytes.ts';
import { verify } from '../crypto/ed25519.ts';
import type { HanaperError } from '../errors.ts';
import { preAuthenticationEncoding } from '../signature/dsse.ts';
import { StateReader, stateFields } from './decode-state.ts';
import { DocumentReader } from './document-reader.ts';
import {
  encodeSnapshot,
  type SignedSnapshot,
  type SnapshotAuthority,
  type SnapshotClaims,
  snapshotPayloadType,
  snapshotType,
} from './snapshot.ts';
import { trustTampered } from './tampered.ts';

const maxLength = 4 * 1024 * 1024;

/**
 * Reads a snapshot that its authority signed, in its one form.
 *
 * @throws HanaperError `trust_tampered`
 */
export async function openSnapshot(
  { did, publicKey }: SnapshotAuthority,
  { payload, signature }: SignedSnapshot,
): Promise<SnapshotClaims> {
  const message = preAuthenticationEncoding(payload, snapshotPayloadType);
  if (!(await verify(publicKey, message, signature))) throw refuse('is not signed by its authority');
  return readSnapshot(did, payload);
}

/**
 * Reads the payload of a snapshot whose signature was verified.
 *
 * @throws HanaperError `trust_tampered`
 */
export function readSnapshot(did: string, payload: Uint8Array): SnapshotClaims {
  const members = reader.object(reader.json(reader.utf8(payload, maxLength)), 'payload', [
    '_type',
    'authority',
    'created_at',
    ...stateFields,
  ]);
  if (members['_type'] !== snapshotType) throw refuse('is something else', '_type');
  if (members['authority'] !== did) throw refuse('is that of another authority', 'authority');
  const createdAt = reader.time(members['created_at'], 'created_at');
  const claims = { createdAt, state: states.state(members) };
  if (equalBytes(encodeSnapshot(did, claims), payload)) return claims;
  throw refuse('is not in its one form');
}

const reader = new DocumentReader(refuse);
const states = new StateReader(reader, refuse);

function refuse(reason: string, field = '', cause?: unknown): HanaperError {
  return trustTampered('snapshot', field === '' ? reason : `${reason} (${field})`, { field }, cause);
}
