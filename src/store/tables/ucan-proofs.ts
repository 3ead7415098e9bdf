import type { CID } from 'multiformats/cid';
import { equalBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Verified } from '../../ucan/token/verified.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const insert = prepare<{ readonly cid: string }>(
  'insert into ucan_proofs (cid, envelope) values ($1, $2) on conflict (cid) do nothing returning cid',
);
const select = prepare<{ readonly envelope: Uint8Array }>('select envelope from ucan_proofs where cid = $1');

/**
 * Keeps a delegation that an executed invocation rests on, so that its chain can be followed as long as the log is kept.
 *
 * @throws HanaperError `database_corrupt` where something else is kept in its place
 */
export async function insertProof(transaction: Transaction, { cid, bytes }: Verified<Delegation>): Promise<void> {
  if ((await insert(transaction, formatCid(cid), bytes)).length > 0) return;
  const kept = await findProof(transaction, cid);
  if (kept === undefined || !equalBytes(kept, bytes)) throw notKept(formatCid(cid));
}

/** The token of such a delegation. */
export async function findProof(transaction: Transaction, cid: CID): Promise<Uint8Array | undefined> {
  return (await select(transaction, formatCid(cid)))[0]?.envelope;
}

function notKept(cid: string): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `The proof ${cid} cannot be kept: something else stands in its place in ucan_proofs. Restore the database from a backup.`,
    { table: 'ucan_proofs', key: cid },
  );
}

/** Which of these CIDs, in base58btc, are those of such delegations. */
export async function listKnownProofs({ kysely }: Transaction, cids: readonly string[]): Promise<readonly string[]> {
  if (cids.length === 0) return [];
  const rows = await kysely.selectFrom('ucanProofs').select('cid').where('cid', 'in', cids).execute();
  return rows.map(({ cid }) => cid);
}
