import { requireRefusal } from '../attempt.ts';
import { readPages } from '../store/engine/pages.ts';
import type { DelegationRow, RevocationRow } from '../store/engine/schema.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { columnsOf, listDelegations } from '../store/tables/ucan-delegations.ts';
import { getInvocationByCid } from '../store/tables/ucan-invocations.ts';
import { listEveryRevocation } from '../store/tables/ucan-revocations.ts';
import { formatCid, parseCid } from '../ucan/encoding/cid.ts';
import { decodeInvocation } from '../ucan/token/invocation.ts';
import { readRevocation } from '../ucan/token/revocation.ts';
import { verifyToken } from '../ucan/token/verified.ts';
import { corruptRow } from './log/corrupt-row.ts';
import type { StoredTokens } from './tokens/stored-tokens.ts';

/** How many tokens were checked. */
export interface TokenCounts {
  readonly delegations: number;
  readonly revocations: number;
}

const pageLength = 500;

/**
 * Checks every delegation against its envelope and its issuer, and every revocation against the invocation that it is by.
 *
 * @throws HanaperError `database_corrupt`
 */
export async function checkTokens(transaction: Transaction, tokens: StoredTokens): Promise<TokenCounts> {
  let delegations = 0;
  const pages = readPages<DelegationRow>(pageLength, (last) =>
    listDelegations(transaction, { before: last?.id, limit: pageLength }),
  );
  for await (const rows of pages) {
    for (const row of rows) await checkDelegation(row, tokens);
    delegations += rows.length;
  }
  let revocations = 0;
  for await (const rows of listEveryRevocation(transaction, pageLength)) {
    for (const row of rows) await checkRevocation(transaction, row);
    revocations += rows.length;
  }
  return { delegations, revocations };
}

async function checkDelegation(row: DelegationRow, tokens: StoredTokens): Promise<void> {
  const what = `delegation ${row.cid}`;
  const delegation = tokens.decode(row);
  const isSame = Object.entries(columnsOf(delegation)).every(
    ([column, value]) => row[column as keyof DelegationRow] === value,
  );
  if (!isSame) throw corruptRow(what);
  // The keys of any other issuer are elsewhere.
  if (delegation.issuer.startsWith('did:key:')) await orAltered(what, () => verifyToken(delegation));
}

async function checkRevocation(transaction: Transaction, row: RevocationRow): Promise<void> {
  const what = `revocation of ${row.delegationCid}`;
  const stored = await orAltered(what, async () => getInvocationByCid(transaction, parseCid(row.invocationCid)));
  if (stored === undefined) throw corruptRow(what);
  const { target, revokedBy } = await orAltered(what, async () => {
    const invocation = decodeInvocation(stored.envelope);
    return readRevocation(invocation.issuer.startsWith('did:key:') ? await verifyToken(invocation) : invocation);
  });
  if (formatCid(target) !== row.delegationCid || revokedBy !== row.revokedBy) throw corruptRow(what);
}

async function orAltered<Result>(what: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw corruptRow(what, requireRefusal(error));
  }
}
