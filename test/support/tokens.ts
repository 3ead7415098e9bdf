/** Tokens on their way into databases. Nothing here needs Vitest: child processes use it too. */
import type { CID } from 'multiformats/cid';
import { resultOf } from '../../src/authority/execution/result-of.ts';
import type { Authority, RevocationDocument, StoredDocument } from '../../src/authority/index.ts';
import { storeDelegations } from '../../src/authority/index.ts';
import { malleateEcdsa } from '../../src/crypto/ecdsa.ts';
import type { Database } from '../../src/store/engine/database.ts';
import { insertDidDocuments, listDidIds } from '../../src/store/tables/did-documents.ts';
import { insertDelegations, principalOf } from '../../src/store/tables/ucan-delegations.ts';
import {
  type ContainerEncoding,
  type Delegation,
  encodeContainer,
  formatCid,
  type Invocation,
  type RevocationClaims,
  type Signer,
  signRevocation,
  type Verified,
  verifyToken,
} from '../../src/ucan/index.ts';
import { list, map } from './cbor.ts';
import { resign } from './ucan.ts';

/** Anything that has the bytes of a token. */
export interface HasBytes {
  readonly bytes: Uint8Array;
}

/** When rows of these tests are made, unless they say otherwise. */
export const rowTime = '2026-01-02T03:04:05.678Z';

/** A container as text. */
export async function containerOf(
  tokens: readonly HasBytes[],
  encoding: ContainerEncoding = 'base64url',
): Promise<string> {
  const bytes = tokens.map((token) => token.bytes);
  return new TextDecoder().decode(await encodeContainer(bytes, encoding));
}

/** A container whose tokens lie in the order given, however often each. */
export function unsortedContainerOf(tokens: readonly HasBytes[]): string {
  const body = map({ 'ctn-v1': list(tokens.map((token) => token.bytes)) }).bytes;
  return `B${Buffer.from(body).toString('base64')}`;
}

/** Puts delegations into a database past every command, as one call. Returns how many are new. */
export async function keep(
  database: Database,
  delegations: readonly Delegation[],
  createdAt: string = rowTime,
): Promise<number> {
  const verified: Verified<Delegation>[] = [];
  for (const delegation of delegations) verified.push(await verifyToken(delegation));
  return database.transact('write', async (transaction) => {
    const dids = [...new Set(delegations.map(principalOf))];
    const rows = dids.map(
      (did) => ({ did, document: JSON.stringify({ id: did }), kind: 'stranger', createdAt }) as const,
    );
    await insertDidDocuments(transaction, rows);
    return insertDelegations(transaction, verified, await listDidIds(transaction, dids), createdAt);
  });
}

/** Stores delegations by the command, one call each, so that the last is the newest. */
export async function store(authority: Authority, ...delegations: readonly Delegation[]): Promise<void> {
  for (const each of delegations) await storeAtOnce(authority, [each]);
}

/** Stores delegations by one command. */
export async function storeAtOnce(authority: Authority, delegations: readonly Delegation[]): Promise<StoredDocument> {
  return authority.execute(storeDelegations, { delegations: delegations.map(({ cid }) => cid) }, delegations);
}

/** Revokes a delegation by the command; `given` lie beside the revocation. */
export async function revoke(
  authority: Authority,
  signer: Signer,
  target: { readonly cid: CID },
  claims: Partial<RevocationClaims> = {},
  given: readonly Delegation[] = [],
): Promise<RevocationDocument> {
  return sendRevocation(authority, await signRevocation(signer, { target: target.cid, ...claims }), given);
}

/** Has a revocation executed by a local caller; `given` lie beside it. */
export async function sendRevocation(
  authority: Authority,
  invocation: Invocation,
  given: readonly Delegation[] = [],
): Promise<RevocationDocument> {
  return resultOf(await authority.executeRequest({ invocation, given, isLocal: true })) as RevocationDocument;
}

/** The CID of a delegation, as it is stored and printed. */
export function cidOf({ cid }: { readonly cid: CID }): string {
  return formatCid(cid);
}

/** The CIDs of delegations. */
export function cidsOfAll(delegations: readonly { readonly cid: CID }[]): string[] {
  return delegations.map(cidOf);
}

/** The bytes of a token's twin: the same payload under the other signature that ECDSA allows. */
export function twinOf({ envelope }: Pick<Delegation, 'envelope'>): Uint8Array {
  const { keyType } = envelope;
  if (keyType === 'ed25519' || keyType === 'rsa') throw new TypeError('only an ECDSA signature has a twin');
  return resign({ envelope }, malleateEcdsa(keyType, envelope.signature));
}
