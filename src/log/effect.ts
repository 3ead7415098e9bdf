import { encode } from 'cborg';
import { sha256 } from '../crypto/digest.ts';
import { randomBytes } from '../crypto/random.ts';

/** A row as it is hashed: its columns by name, without those that are null; `null` where it was removed. */
export type HashedRow = Readonly<Record<string, string | number | Uint8Array>> | null;

/** How many bytes a salt has. */
export const saltLength = 16;

/** A new salt: without it nobody can find out from a digest what a row held. */
export function createSalt(): Uint8Array<ArrayBuffer> {
  return randomBytes(saltLength);
}

/**
 * The salted digest of one row that an entry has written or removed: SHA-256 (32 bytes) of DAG-CBOR
 * `["hanaper/v1/effect", salt, table, key, row]`, the same on both engines.
 */
export function digestEffect(
  salt: Uint8Array,
  { table, key, row }: { readonly table: string; readonly key: string; readonly row: HashedRow },
): Uint8Array<ArrayBuffer> {
  return sha256(encode(['hanaper/v1/effect', salt, table, key, row]));
}

/**
 * The digest of an effect, bound to the row that it is about: SHA-256 (32 bytes) of DAG-CBOR
 * `["hanaper/v2/effect", table, key, digest]`. It is what the root of an entry of version 2 is over: which row was written
 * can be proven without its salt, and does not show without its digest.
 */
export function bindEffect(
  digest: Uint8Array,
  { table, key }: { readonly table: string; readonly key: string },
): Uint8Array<ArrayBuffer> {
  return sha256(encode(['hanaper/v2/effect', table, key, digest]));
}
