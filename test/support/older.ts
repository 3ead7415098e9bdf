/** Databases as earlier versions have left them. Nothing here needs Vitest. */

import type { CID } from 'multiformats/cid';
import type { Authority } from '../../src/authority/index.ts';
import { authoritySigner } from '../../src/authority/tokens/signers.ts';
import { digestEffect } from '../../src/log/effect.ts';
import { decodeLogEntry, encodeLogEntry, treeHash } from '../../src/log/index.ts';
import { listRowsByKey } from '../../src/store/engine/rows-by-key.ts';
import type { Transaction } from '../../src/store/engine/transaction.ts';
import { getAuthority, updateAuthority } from '../../src/store/tables/authority.ts';
import { listLogEffects, listLogEntries } from '../../src/store/tables/log.ts';
import { columnsOf, getInvocationByCid } from '../../src/store/tables/ucan-invocations.ts';
import { decodeInvocation, formatCid, readReceipt, signReceipt } from '../../src/ucan/index.ts';
import { type Credential, signAuthority, type Vault } from '../../src/vault/index.ts';
import { byRawKey } from './authority.ts';

/** Signs the authority row of an open database as the first version did, which does not say that there is a log. */
export async function signAsOlder(authority: Authority, credential: Credential = byRawKey(1)): Promise<void> {
  using opened = (await authority.openVault(credential)).vault;
  await authority.database.transact('write', async (transaction) => {
    const row = await getAuthority(transaction);
    if (row === undefined) throw new Error('there is no authority');
    const { createdAt } = row;
    const older = { version: 1, derivationMethod: 'raw', createdAt } as const;
    await updateAuthority(transaction, await signAuthority(opened, older));
  });
}

/** Writes the log of an open database as the first version did: roots over bare digests, receipts without a place. */
export async function writeLogAsOlder(authority: Authority, credential: Credential = byRawKey(1)): Promise<void> {
  await signAsOlder(authority, credential);
  using opened = (await authority.openVault(credential)).vault;
  await authority.database.transact('write', async (transaction) => {
    await hashAuthorityAnew(transaction);
    for (const { entryIndex, entry } of await listLogEntries(transaction, 0, 10_000)) {
      const decoded = decodeLogEntry(entry);
      const receipt = await replaceReceipt(transaction, opened, decoded.receipt);
      const effects = await listLogEffects(transaction, entryIndex);
      const effectsRoot = treeHash(effects.map(({ digest }) => digest));
      const older = Buffer.from(encodeLogEntry({ ...decoded, version: 1, receipt, effectsRoot }));
      await transaction.kysely
        .updateTable('logEntries')
        .set({ entry: older })
        .where('entryIndex', '=', entryIndex)
        .execute();
    }
    for (const table of ['checkpoints', 'logTiles'] as const) await transaction.kysely.deleteFrom(table).execute();
  });
}

// The row of the authority is another since it was signed as the first version did.
async function hashAuthorityAnew(transaction: Transaction): Promise<void> {
  const [row] = await listRowsByKey(transaction, 'authority', ['1']);
  for (const { entryIndex, position, salt } of await listLogEffects(transaction, 0)) {
    if (row === undefined || salt === null) continue;
    const query = transaction.kysely.updateTable('logEffects').set({ digest: Buffer.from(digestEffect(salt, row)) });
    await query
      .where('entryIndex', '=', entryIndex)
      .where('position', '=', position)
      .where('tableName', '=', 'authority')
      .execute();
  }
}

async function replaceReceipt({ kysely, ...transaction }: Transaction, vault: Vault, cid: CID): Promise<CID> {
  const row = await getInvocationByCid({ kysely, ...transaction }, cid);
  if (row === undefined) throw new Error('a receipt is missing');
  const { ran, out, invocation } = readReceipt(decodeInvocation(row.envelope));
  const older = await signReceipt(authoritySigner(vault), { ran, out, issuedAt: invocation.issuedAt });
  await kysely.updateTable('ucanInvocations').set(columnsOf(older)).where('cid', '=', formatCid(cid)).execute();
  await kysely
    .updateTable('ucanInvocations')
    .set({ resultCid: formatCid(older.cid) })
    .where('resultCid', '=', formatCid(cid))
    .execute();
  return older.cid;
}
