import { encodeHex } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { getAuthority } from '../store/authority.ts';
import { listKeySlots } from '../store/key-slots.ts';
import { listOrganizations } from '../store/organizations.ts';
import { type AuthorityOptions, openAuthority } from './open-authority.ts';

/** What is known of a database without unlocking it. */
export interface StatusDocument {
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
  /** Whether the authority row and its pin hold: always true where this is reached. */
  readonly integrity_verified?: boolean;
  readonly key_slots?: readonly { readonly kind: string; readonly created_at: string }[];
  readonly organisations?: number;
}

/**
 * Tells the state of a database.
 *
 * @throws HanaperError `bad_config`, `database_newer`, `database_corrupt`, `unavailable`, `authority_tampered`, `authority_changed`
 */
export async function readStatus(options: AuthorityOptions): Promise<StatusDocument> {
  try {
    await using authority = await openAuthority(options);
    return await authority.database.transact('read', async (transaction) => {
      const row = await getAuthority(transaction);
      const slots = await listKeySlots(transaction);
      const organisations = await listOrganizations(transaction);
      return {
        initialized: true,
        database: authority.database.name,
        locked: authority.locked,
        ...(row && {
          version: row.version,
          algorithm: row.algorithm,
          derivation_method: row.derivationMethod,
          public_key: encodeHex(row.masterPublicKey),
          created_at: row.createdAt,
        }),
        did: authority.identity.did,
        integrity_verified: true,
        key_slots: slots.map(({ kind, createdAt }) => ({ kind, created_at: createdAt })),
        organisations: organisations.length,
      };
    });
  } catch (error) {
    if (!(error instanceof HanaperError) || error.code !== 'not_initialized') throw error;
    return { initialized: false, database: String(error.details['database']) };
  }
}
