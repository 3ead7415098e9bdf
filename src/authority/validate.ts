import { equalBytes } from '../bytes.ts';
import { type Ed25519PublicKey, importPublicKey, publicKeyOf } from '../crypto/ed25519.ts';
import { fingerprintOf } from '../crypto/fingerprint.ts';
import type { Secret } from '../crypto/secret.ts';
import { decodeEd25519DidKey } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';
import { findDamage } from '../store/engine/damage.ts';
import type { OrganizationRow, SigningKeyRow } from '../store/engine/schema.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { listKeySlots } from '../store/tables/key-slots.ts';
import { listOrganizations } from '../store/tables/organizations.ts';
import { listSigningKeys } from '../store/tables/signing-keys.ts';
import { listSnapshots } from '../store/tables/trust-snapshots.ts';
import { listTrustedKeys } from '../store/tables/trusted-keys.ts';
import { openSnapshot } from '../trust/open-snapshot.ts';
import type { AuthorityIdentity } from '../vault/authority-statement.ts';
import { type Credential, checkSlot } from '../vault/slot.ts';
import type { Vault } from '../vault/vault.ts';
import type { Authority } from './authority.ts';
import { identityKeyContext, signingKeyContext } from './identity/sealed-key-context.ts';
import { corruptRow } from './log/corrupt-row.ts';
import { openTrust } from './trust/open-trust.ts';
import { checkRows } from './validate-rows.ts';
import { checkTokens } from './validate-tokens.ts';

/** What was checked, and how much of it there is. */
export interface ValidationDocument {
  readonly valid: true;
  readonly key_slots: number;
  readonly organisations: number;
  readonly signing_keys: number;
  readonly trusted_keys: number;
  /** What was signed of the organisations' trust. */
  readonly trust_snapshots: number;
  readonly delegations: number;
  readonly revocations: number;
  /** Whether every row was checked against the log; `false` where an older database has none yet. */
  readonly rows_checked: boolean;
  /** Whether every sealed key was opened, for which the passphrase is needed. */
  readonly sealed_keys_opened: boolean;
  /** Whether nothing that was deleted, as a key slot is, lies in the files any more: a process that reads stands in the way. */
  readonly deleted_is_erased: boolean;
}

/**
 * Checks a whole database: its pages and references, the authority, every key slot, every public key against its
 * fingerprint, what is trusted against what was signed of it, every token against its signature, every row against the last that the log says of it; and with a credential, that every
 * sealed key opens and is the private half of its public key. The log itself is checked by an audit.
 * What was deleted while another process was reading is erased from the files, if that process has ended.
 *
 * @throws HanaperError `database_corrupt`, `trust_tampered`, `log_tampered`, `slot_damaged`, `wrong_passphrase`
 */
export async function validateAuthority(authority: Authority, credential?: Credential): Promise<ValidationDocument> {
  const { database } = authority;
  await requireUndamaged(authority);
  const slots = await authority.database.transact('read', async (transaction) => {
    const listed = await listKeySlots(transaction);
    for (const slot of listed) await checkSlot(slot, authority.identity.did, authority.identity.publicKey);
    return listed;
  });
  using vault = credential && (await authority.openVault(credential)).vault;
  const counts = await authority.database.transact('read', (transaction) =>
    checkOrganisations(transaction, authority.identity, vault),
  );
  const tokens = await authority.database.transact('read', async (transaction) =>
    checkTokens(transaction, await authority.tokensIn(transaction)),
  );
  return {
    valid: true,
    key_slots: slots.length,
    ...counts,
    ...tokens,
    rows_checked: await database.transact('read', (transaction) => checkRows(transaction, database.name)),
    sealed_keys_opened: vault !== undefined,
    deleted_is_erased: await authority.database.emptyWriteAheadLog(),
  };
}

async function requireUndamaged({ database }: Authority): Promise<void> {
  const damage = await database.transact('read', findDamage);
  if (damage.length === 0) return;
  throw new HanaperError('database_corrupt', `${database.name} is damaged: ${damage[0]}. Restore it from a backup.`, {
    database: database.name,
    damage,
  });
}

async function checkOrganisations(transaction: Transaction, identity: AuthorityIdentity, vault: Vault | undefined) {
  const organisations = await listOrganizations(transaction);
  const counts = { organisations: organisations.length, signing_keys: 0, trusted_keys: 0, trust_snapshots: 0 };
  for (const organisation of organisations) {
    if (vault) await checkIdentityKey(organisation, vault);
    const signingKeys = await listSigningKeys(transaction, organisation.id);
    for (const key of signingKeys) await checkSigningKey(key, vault);
    const trustedKeys = await listTrustedKeys(transaction, organisation.id);
    for (const key of trustedKeys) requireFingerprint(key.publicKey, key.keyFingerprint, `trusted key ${key.id}`);
    counts.signing_keys += signingKeys.length;
    counts.trusted_keys += trustedKeys.length;
  }
  // Behind what names a single row.
  for (const organisation of organisations) {
    counts.trust_snapshots += await checkSnapshots(transaction, identity, organisation);
  }
  return counts;
}

// Each was signed, none is missing among them, and the last is what the rows say.
async function checkSnapshots(
  transaction: Transaction,
  identity: AuthorityIdentity,
  organisation: OrganizationRow,
): Promise<number> {
  await openTrust(transaction, identity, organisation);
  const snapshots = await listSnapshots(transaction, organisation.id);
  for (const [index, snapshot] of snapshots.entries()) {
    const { state } = await openSnapshot(identity, snapshot);
    const isInPlace = state.organisation.did === organisation.did && state.version === index + 1;
    if (!isInPlace || snapshot.version !== state.version) throw corruptRow(`trust snapshot ${snapshot.id}`);
  }
  return snapshots.length;
}

async function checkIdentityKey({ id, name, did, encryptedIdentityKey }: OrganizationRow, vault: Vault): Promise<void> {
  const publicKey = readWhole(() => decodeEd25519DidKey(did), `DID of ${name}`);
  using seed = await vault.openKey(encryptedIdentityKey, identityKeyContext({ id }, fingerprintOf(publicKey)));
  await requireMatch(seed, publicKey, `identity key of ${name}`);
}

async function checkSigningKey(key: SigningKeyRow, vault: Vault | undefined): Promise<void> {
  const what = `signing key "${key.keyName}"`;
  requireFingerprint(key.publicKey, key.keyFingerprint, what);
  if (vault === undefined) return;
  using seed = await vault.openKey(key.encryptedPrivateKey, signingKeyContext(key));
  await requireMatch(seed, key.publicKey, what);
}

function requireFingerprint(publicKey: Uint8Array, fingerprint: string, what: string): void {
  const checked = readWhole(() => importPublicKey(publicKey), what);
  if (fingerprintOf(checked) !== fingerprint) throw corruptRow(what);
}

// A key in a row that would be refused from outside was not put there by us.
function readWhole(read: () => Ed25519PublicKey, what: string): Ed25519PublicKey {
  try {
    return read();
  } catch (cause) {
    throw corruptRow(what, cause);
  }
}

async function requireMatch(seed: Secret, publicKey: Uint8Array, what: string): Promise<void> {
  if (!equalBytes(await publicKeyOf(seed), publicKey)) throw corruptRow(what);
}
