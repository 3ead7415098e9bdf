import { attempt } from '../../../attempt.ts';
import { encodeHex, equalBytes } from '../../../bytes.ts';
import { sha256 } from '../../../crypto/digest.ts';
import { decodeLogEntry } from '../../../log/entry.ts';
import type { SignaturePlaceRow } from '../../../store/engine/schema.ts';
import type { Transaction } from '../../../store/engine/transaction.ts';
import { listKeptProofs, listSignaturePlaces } from '../../../store/tables/act-rows.ts';
import { findLogEntry } from '../../../store/tables/log.ts';
import { getInvocationByCid } from '../../../store/tables/ucan-invocations.ts';
import { readReceiptSignature } from '../../../trust/receipt-signature.ts';
import { computeCid, parseCid } from '../../../ucan/encoding/cid.ts';
import type { Findings } from '../findings.ts';
import type { CidSet } from './cid-set.ts';

const rowsAtOnce = 500;

/** Checks the proofs that are kept beside the acts against their CIDs, and against the acts that rest on them. */
export async function auditKeptProofs(transaction: Transaction, named: CidSet, findings: Findings): Promise<void> {
  for await (const rows of listKeptProofs(transaction, rowsAtOnce)) {
    for (const { cid: key, envelope } of rows) {
      const cid = attempt(() => parseCid(key));
      const isWhole = cid !== undefined && equalBytes(computeCid(envelope).bytes, cid.bytes);
      if (!isWhole) tell(findings, 'ucan_proofs', key, 'The proof has other bytes than those of its CID.');
      else if (!named.has(cid)) tell(findings, 'ucan_proofs', key, 'No act rests on the proof.');
    }
  }
}

/** Checks the hints at where a signature stands in the log against the entries that they name. */
export async function auditSignaturePlaces(
  transaction: Transaction,
  authority: string,
  findings: Findings,
): Promise<void> {
  for await (const rows of listSignaturePlaces(transaction, rowsAtOnce)) {
    for (const row of rows) {
      if (await isPlaceOf(transaction, authority, row)) continue;
      const message = `The entry ${row.entryIndex} has no signature of that digest.`;
      tell(findings, 'signature_places', encodeHex(new Uint8Array(row.signatureDigest)), message);
    }
  }
}

async function isPlaceOf(
  transaction: Transaction,
  authority: string,
  { entryIndex, signatureDigest }: SignaturePlaceRow,
): Promise<boolean> {
  const bytes = await findLogEntry(transaction, entryIndex);
  const entry = bytes && attempt(() => decodeLogEntry(bytes));
  const receipt = entry && (await getInvocationByCid(transaction, entry.receipt));
  const signature = receipt && readReceiptSignature(receipt.envelope, authority);
  return signature !== undefined && equalBytes(sha256(signature), signatureDigest);
}

function tell(findings: Findings, table: string, key: string, message: string): void {
  findings.add({ kind: 'row', table, key, message });
}
