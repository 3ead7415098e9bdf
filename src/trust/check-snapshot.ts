import { equalBytes } from '../bytes.ts';
import { verify } from '../crypto/ed25519.ts';
import { preAuthenticationEncoding } from '../signature/dsse.ts';
import type { VerifySignature } from '../signature/verify.ts';
import {
  encodeSnapshot,
  type SignedSnapshot,
  type SnapshotAuthority,
  type SnapshotClaims,
  snapshotPayloadType,
} from './snapshot.ts';
import { trustTampered } from './tampered.ts';

/**
 * Checks what was found in rows against the snapshot that its authority signed. What is signed is compared as bytes:
 * nothing is read out of it, unless to tell what differs. `verifySignature` is `verify` of `hanaper/crypto`, or one
 * that remembers.
 *
 * @throws HanaperError `trust_tampered`, with the organisation's DID and what differs in the details
 */
export async function checkSnapshot(
  { did, publicKey }: SnapshotAuthority,
  { payload, signature }: SignedSnapshot,
  found: SnapshotClaims,
  verifySignature: VerifySignature = verify,
): Promise<void> {
  const isSame = equalBytes(encodeSnapshot(did, found), payload);
  const isSigned = await verifySignature(publicKey, preAuthenticationEncoding(payload, snapshotPayloadType), signature);
  if (isSame && isSigned) return;
  const organisation = found.state.organisation.did;
  if (!isSigned)
    throw trustTampered('snapshot', 'is not signed by its authority', { organisation, what: ['signature'] });
  const { describeDifference } = await import('./describe-difference.ts');
  throw describeDifference(did, payload, found);
}
