import type { CID } from 'multiformats/cid';
import { formatCid } from '../ucan/cid.ts';
import type { Delegation } from '../ucan/delegation.ts';
import type { Verified } from '../ucan/verified.ts';
import { prepare } from './statement.ts';
import type { Transaction } from './transaction.ts';

const insert = prepare('insert into ucan_proofs (cid, envelope) values ($1, $2) on conflict (cid) do nothing');
const select = prepare<{ readonly envelope: Uint8Array }>('select envelope from ucan_proofs where cid = $1');

/** Keeps a delegation that an executed invocation rests on, so that its chain can be followed as long as the log is kept. */
export async function insertProof(transaction: Transaction, { cid, bytes }: Verified<Delegation>): Promise<void> {
  await insert(transaction, formatCid(cid), bytes);
}

/** The token of such a delegation. */
export async function findProof(transaction: Transaction, cid: CID): Promise<Uint8Array | undefined> {
  return (await select(transaction, formatCid(cid)))[0]?.envelope;
}
