import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const selectSum = prepare<{ readonly amount: number | string }>(
  'select coalesce(sum(amount), 0) as amount from kept_amounts where root = $1 and kind = $2 and until >= $3',
);
const insert = prepare(
  `insert into kept_amounts (root, kind, until, amount) values ($1, $2, $3, $4)
   on conflict (root, kind, until) do update set amount = kept_amounts.amount + excluded.amount`,
);
const remove = prepare('delete from kept_amounts where root = $1 and until < $2');

/** How much of a kind a root of power has left behind that still counts at a time, in seconds. */
export async function sumKeptAmounts(
  transaction: Transaction,
  root: string,
  kind: string,
  now: number,
): Promise<number> {
  const [row] = await selectSum(transaction, root, kind, now);
  return Number(row?.amount ?? 0);
}

/** Counts what a root of power leaves behind, until a time, in seconds; what no longer counts goes. */
export async function addKeptAmount(
  transaction: Transaction,
  {
    root,
    kind,
    until,
    amount,
  }: { readonly root: string; readonly kind: string; readonly until: number; readonly amount: number },
  now: number,
): Promise<void> {
  await remove(transaction, root, now);
  await insert(transaction, root, kind, until, amount);
}
