import { attempt, requireRefusal } from '../../attempt.ts';
import type { Budget } from '../../budget.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { createDidDocument, type DidDocument, decodeDidKey } from '../../did/index.ts';
import { dropOldest } from '../../drop-oldest.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import { takeLock } from '../../store/engine/lock.ts';
import { listRowsByKey } from '../../store/engine/rows-by-key.ts';
import type { OrganizationRow, PrincipalKind } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findDidDocument, insertDidDocuments, listDidIds } from '../../store/tables/did-documents.ts';
import { listOrganizations } from '../../store/tables/organizations.ts';
import { listKnownFingerprints } from '../../store/tables/trusted-keys.ts';
import { insertDelegations, listDelegations } from '../../store/tables/ucan-delegations.ts';
import { signDelegation } from '../../ucan/token/delegation.ts';
import { verifyToken } from '../../ucan/token/verified.ts';
import type { Vault } from '../../vault/vault.ts';
import { organisationSigner } from './signers.ts';

// Of a DID that is longer than this, which is that of an RSA key, a document takes so many times as long to make.
const longDid = 128;
const longDidWeight = 4;

/**
 * Draws what it takes to give rows to those principals that have none yet, and makes their documents, before the turn to
 * write.
 *
 * @throws HanaperError `too_large`
 */
export async function preparePrincipals(
  { transaction, budget }: { readonly transaction: Transaction; readonly budget: Budget },
  dids: readonly string[],
): Promise<void> {
  const known = await listDidIds(transaction, dids);
  const fresh = [...new Set(dids)].filter((did) => !known.has(did));
  for (const did of fresh) budget.spend('principals', did.length > longDid ? longDidWeight : 1);
  for (const did of fresh) attempt(() => documentsOf(did));
}

/** What principals are settled with: part of every command's context. */
interface PrincipalContext {
  readonly transaction: Transaction;
  readonly now: string;
  vault(): Vault;
}

/**
 * Gives principals their rows, where they have none yet, and tells the rows' ids by DID.
 *
 * @throws HanaperError `bad_input` for a key that signs or is trusted for packages
 */
export async function rememberPrincipals(
  { transaction, now }: Pick<PrincipalContext, 'transaction' | 'now'>,
  dids: readonly string[],
  kind: PrincipalKind = 'stranger',
): Promise<ReadonlyMap<string, number>> {
  const known = await listDidIds(transaction, dids);
  await noteOthers(transaction, [...known.keys()], kind);
  const fresh = [...new Set(dids)].filter((did) => !known.has(did));
  if (fresh.length === 0) return known;
  await requireNoPackageKeys(transaction, fresh);
  const rows = fresh.map((did) => ({ did, kind, document: documentsOf(did)[0], createdAt: now }));
  await insertDidDocuments(transaction, rows);
  return listDidIds(transaction, dids);
}

// A row that says what would be written may come from anybody: older programs have left some that no entry records.
async function noteOthers(transaction: Transaction, dids: readonly string[], kind: PrincipalKind): Promise<void> {
  for (const found of await listRowsByKey(transaction, 'didDocuments', dids)) {
    const isSame =
      found.row?.['kind'] === kind && documentsOf(found.key).some((each) => each === found.row?.['document']);
    if (!isSame) transaction.effects.found(found);
  }
}

/** Makes an organisation a principal: its row, and its root delegation of everything to the authority, without an end. */
export async function settleOrganisation(context: PrincipalContext, organisation: OrganizationRow): Promise<void> {
  const vault = context.vault();
  const didIds = await rememberPrincipals(context, [organisation.did], 'organisation');
  const delegation = await signDelegation(organisationSigner(vault, organisation), {
    audience: vault.did,
    subject: organisation.did,
    command: '/',
    expiration: null,
  });
  await insertDelegations(context.transaction, [await verifyToken(delegation)], didIds, context.now);
}

/** Whether the authority and every organisation are principals already; those of schema version 1 are not. */
export async function arePrincipalsSettled(transaction: Transaction, authority: string): Promise<boolean> {
  if ((await findDidDocument(transaction, authority)) === undefined) return false;
  return (await listUnsettled(transaction, authority)).length === 0;
}

/** Makes principals of the authority and of every organisation that is not one yet. */
export async function settlePrincipals(context: PrincipalContext): Promise<void> {
  await takeLock(context.transaction, 'principals');
  const { did } = context.vault();
  await rememberPrincipals(context, [did], 'authority');
  for (const organisation of await listUnsettled(context.transaction, did)) {
    await settleUnlessDamaged(context, organisation);
  }
}

// One whose key does not open is named by "validate", and must not keep the others from being used.
async function settleUnlessDamaged(context: PrincipalContext, organisation: OrganizationRow): Promise<void> {
  try {
    await settleOrganisation(context, organisation);
  } catch (error) {
    requireRefusal(error, 'database_corrupt');
  }
}

async function listUnsettled(transaction: Transaction, authority: string): Promise<readonly OrganizationRow[]> {
  const unsettled: OrganizationRow[] = [];
  for (const organisation of await listOrganizations(transaction)) {
    const { did } = organisation;
    const issued = await listDelegations(transaction, { issuer: did, subject: did, audience: authority, limit: 1 });
    if (issued.length === 0) unsettled.push(organisation);
  }
  return unsettled;
}

// Signing keys sign packages, identity keys sign tokens, never the other way.
async function requireNoPackageKeys(transaction: Transaction, dids: readonly string[]): Promise<void> {
  const byFingerprint = new Map(dids.flatMap((did) => fingerprintsOf(did).map((fingerprint) => [fingerprint, did])));
  for (const fingerprint of [...byFingerprint.keys()].toSorted()) await takeLock(transaction, `key/${fingerprint}`);
  const [known] = await listKnownFingerprints(transaction, [...byFingerprint.keys()]);
  if (known === undefined) return;
  const did = required(byFingerprint.get(known), 'principal of a fingerprint');
  throw new HanaperError(
    'bad_input',
    `${did} is a key for packages here. Signing keys never sign tokens: use an identity key.`,
    { reason: 'signing key', did, fingerprint: known, remedy: 'create_identity' },
  );
}

function fingerprintsOf(did: string): readonly string[] {
  const key = did.startsWith('did:key:z6Mk') ? decodeDidKey(did) : undefined;
  return key?.type === 'ed25519' ? [fingerprintOf(key.bytes)] : [];
}

type Documents = readonly [written: string, older: string];

// Every request asks for the documents of its principals, and to make one takes longer than to verify a signature.
const made = new Map<string, Documents>();
const maxMade = 256;

// The document of a DID as it is written, and as programs wrote it that named no key for agreement.
function documentsOf(did: string): Documents {
  const known = made.get(did);
  if (known) return known;
  const { keyAgreement, ...older } = documentOf(did);
  const documents = [
    JSON.stringify(keyAgreement === undefined ? older : { ...older, keyAgreement }),
    JSON.stringify(older),
  ] as const;
  made.set(did, documents);
  dropOldest(made, maxMade);
  return documents;
}

function documentOf(did: string): Pick<DidDocument, 'id' | 'keyAgreement'> {
  return did.startsWith('did:key:') ? createDidDocument(decodeDidKey(did)) : { id: did };
}
