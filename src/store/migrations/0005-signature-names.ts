import { sql } from 'kysely';
import type { Engine, Transaction } from '../engine/transaction.ts';

/** Under which file name a stored signature was made; several of one key stand beside each other. */
export async function up({ engine, kysely }: Transaction): Promise<void> {
  // Rows that are there already keep no name: the log has their digests without one, and their statements say it.
  await sql`alter table package_signatures add column package_name ${textOf(engine)}`.execute(kysely);
  await sql`drop index uq_package_signatures_active`.execute(kysely);
  await sql`create unique index uq_package_signatures_active
    on package_signatures (package_hash, key_fingerprint, format, signature)
    where superseded_at is null`.execute(kysely);
}

/** Takes back {@link up}; of several signatures of one key, the one that was stored last stays active. */
export async function down({ kysely }: Transaction): Promise<void> {
  await sql`drop index uq_package_signatures_active`.execute(kysely);
  await sql`update package_signatures set superseded_at = signed_at
    where superseded_at is null and exists (
      select 1 from package_signatures as other
      where other.package_hash = package_signatures.package_hash
        and other.key_fingerprint = package_signatures.key_fingerprint and other.format = package_signatures.format
        and other.superseded_at is null and other.id > package_signatures.id)`.execute(kysely);
  await sql`alter table package_signatures drop column package_name`.execute(kysely);
  await sql`create unique index uq_package_signatures_active on package_signatures (package_hash, key_fingerprint, format)
    where superseded_at is null`.execute(kysely);
}

function textOf(engine: Engine) {
  return engine === 'sqlite' ? sql`text` : sql`varchar(1024)`;
}
