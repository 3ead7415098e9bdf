import { requireRefusal } from '../attempt.ts';
import { encodeHex } from '../bytes.ts';
import type { Effect } from '../store/engine/effects.ts';
import { listRows } from '../store/engine/every-row.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { getAuthority } from '../store/tables/authority.ts';
import { listKeySlots } from '../store/tables/key-slots.ts';
import { readLogHead } from '../store/tables/log.ts';
import { listOrganizations } from '../store/tables/organizations.ts';
import { type AuthorityRow, checkAuthority } from '../vault/authority-statement.ts';
import type { Authority } from './authority.ts';
import { type AuthorityOptions, openAuthority } from './open-authority.ts';
import { type AlteredDocument, findAlteredEffects, type MaybeAltered } from './trust/find-altered-rows.ts';

/** What is known of a database without unlocking it. */
export interface StatusDocument extends MaybeAltered {
  readonly initialized: boolean;
  readonly database: string;
  readonly locked?: boolean;
  readonly version?: number;
  readonly algorithm?: string;
  readonly derivation_method?: string;
  /** 64 hex characters. */
  readonly public_key?: string;
  readonly did?: string;
  readonly created_at?: string;
  /** Whether the authority row holds, as it stands at this moment. */
  readonly integrity_verified?: boolean;
  readonly key_slots?: readonly { readonly kind: string; readonly created_at: string }[];
  readonly organisations?: number;
}

/**
 * Tells the state of a database, and what of it is not as the log has it; `look` is given the open database.
 *
 * @throws HanaperError `bad_config`, `database_newer`, `database_corrupt`, `unavailable`, `authority_tampered`, `authority_changed`
 */
export async function readStatus(
  options: AuthorityOptions,
  look: (authority: Authority) => Promise<void> = async () => undefined,
): Promise<StatusDocument> {
  try {
    await using authority = await openAuthority(options);
    await look(authority);
    const altered = await authority.database.transact('read', findAltered);
    const document = await describeAuthority(authority);
    return altered.length > 0 ? { ...document, altered } : document;
  } catch (error) {
    const { details } = requireRefusal(error, 'not_initialized');
    return { initialized: false, database: String(details['database']) };
  }
}

/** Tells the state of a database that is open. Its authority row is looked at anew. */
export async function describeAuthority(authority: Authority): Promise<StatusDocument> {
  const { database, identity, locked } = authority;
  const read = await database.transact('read', async (transaction) => ({
    row: await getAuthority(transaction),
    slots: await listKeySlots(transaction),
    organisations: await listOrganizations(transaction),
  }));
  const { row, slots, organisations } = read;
  return {
    initialized: true,
    database: database.name,
    locked,
    ...(row && {
      version: row.version,
      algorithm: row.algorithm,
      derivation_method: row.derivationMethod,
      public_key: encodeHex(row.masterPublicKey),
      created_at: row.createdAt,
    }),
    did: identity.did,
    integrity_verified: row !== undefined && (await isWhole(row, identity.did)),
    key_slots: slots.map(({ kind, createdAt }) => ({ kind, created_at: createdAt })),
    organisations: organisations.length,
  };
}

async function findAltered(transaction: Transaction): Promise<readonly AlteredDocument[]> {
  const { size: entryIndex } = await readLogHead(transaction);
  const shown: Effect[] = [];
  for (const table of ['authority', 'keySlots', 'organizations'] as const) {
    for await (const rows of listRows(transaction, table)) shown.push(...rows);
  }
  return findAlteredEffects({ transaction, entryIndex }, shown);
}

async function isWhole(row: AuthorityRow, did: string): Promise<boolean> {
  try {
    return (await checkAuthority(row)).did === did;
  } catch (error) {
    requireRefusal(error);
    return false;
  }
}
