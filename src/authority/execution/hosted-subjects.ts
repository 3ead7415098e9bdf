import type { Transaction } from '../../store/engine/transaction.ts';
import { findOrganization } from '../../store/tables/organizations.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Recall } from '../schemas/command.ts';

/** Tells whether a DID is that of the authority or of an organisation here. */
export type IsHosted = (did: string) => Promise<boolean>;

/** Makes an {@link IsHosted} for one transaction. */
export function hostedHere(transaction: Transaction, authority: string, recall: Recall): IsHosted {
  return async (did) =>
    did === authority ||
    (await recall(`hosted/${did}`, async () => (await findOrganization(transaction, { did })) !== undefined));
}

/**
 * Finds the root of the power that a chain passes on: the first principal of it, from its root on, who is not hosted here.
 * Whatever keys power is passed on to, it is one. `undefined` where all are hosted.
 */
export async function findPowerRoot(path: readonly Delegation[], isHosted: IsHosted): Promise<string | undefined> {
  for (const { audience } of path) if (!(await isHosted(audience))) return audience;
  return undefined;
}
