import { sql } from 'kysely';
import type { Transaction } from '../engine/transaction.ts';
import { migrations } from './list.ts';

/** What is gone once one migration is taken back. */
export interface Loss {
  readonly version: number;
  readonly name: string;
  /** A part of a sentence. */
  readonly what: string;
  /** How many rows hold it, by table, or by `table.column`; those without any are left out. */
  readonly rows: Readonly<Record<string, number>>;
}

interface Lost {
  readonly what: string;
  /** Tables, or columns as `table.column`. */
  readonly places: readonly string[];
}

const lost: Readonly<Record<string, Lost>> = {
  'main-job': {
    what: 'the authority with its key slots, organisations, keys, trust and signatures: everything',
    places: [
      'authority',
      'key_slots',
      'organizations',
      'signing_keys',
      'trusted_keys',
      'key_trust_acls',
      'package_signatures',
    ],
  },
  ucan: {
    what: 'principals, delegations, invocations, revocations and older tokens',
    places: ['did_documents', 'ucan_delegations', 'ucan_invocations', 'ucan_revocations', 'ucan_legacy_tokens'],
  },
  log: {
    what: 'the log, and who lets anybody verify packages',
    places: ['log_entries', 'log_effects', 'organizations.public_verification_since'],
  },
  proof: {
    what: 'the log key and all checkpoints, signed trust, verification policies, and the reasons of revocations',
    places: [
      'log_keys',
      'log_tiles',
      'checkpoints',
      'trust_snapshots',
      'signature_places',
      'ucan_proofs',
      'organizations.verification_policy',
      'signing_keys.revocation_reason',
      'trusted_keys.revocation_reason',
    ],
  },
  'signature-names': {
    what: 'the names of stored signatures, and of several signatures of a package by one key all but the last',
    places: ['package_signatures.package_name'],
  },
  bounds: { what: 'how much of its allowance each principal has used', places: ['kept_amounts'] },
  labels: {
    what: 'the labels of keys, and the view of delegations',
    places: ['signing_keys.label', 'trusted_keys.label'],
  },
};

/** What is lost on the way from one version down to another, newest first. */
export async function listLosses(transaction: Transaction, from: number, to: number): Promise<readonly Loss[]> {
  const losses: Loss[] = [];
  for (const { version, name } of migrations.toReversed()) {
    if (version <= to || version > from) continue;
    const { what, places } = lost[name] ?? { what: 'what it made', places: [] };
    losses.push({ version, name, what, rows: await countRows(transaction, places) });
  }
  return losses;
}

async function countRows(
  { kysely }: Transaction,
  places: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const place of places) {
    const [table = '', column] = place.split('.');
    const counted = column === undefined ? sql`*` : sql.ref(column);
    const { rows } = await sql<{
      number: number | string;
    }>`select count(${counted}) as number from ${sql.table(table)}`.execute(kysely);
    const number = Number(rows[0]?.number);
    if (number > 0) counts[place] = number;
  }
  return counts;
}
