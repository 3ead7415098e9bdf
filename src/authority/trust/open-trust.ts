import type { VerifySignature } from '../../signature/verify.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLatestSnapshot, wasTrustSigned } from '../../store/tables/trust-snapshots.ts';
import { checkSnapshot } from '../../trust/check-snapshot.ts';
import type { TrustState } from '../../trust/state.ts';
import { trustTampered } from '../../trust/tampered.ts';
import type { AuthorityIdentity } from '../../vault/authority-statement.ts';
import { resolveTrust } from './resolve-trust.ts';

// Of trust that was never signed: in a database of an earlier version, until it is unlocked.
const unsigned = 0;

/**
 * What an organisation trusts, checked against what its authority signed of it last. `verify` is that of
 * `hanaper/crypto`, or one that remembers.
 *
 * @throws HanaperError `trust_tampered`, `database_corrupt`
 */
export async function openTrust(
  transaction: Transaction,
  authority: AuthorityIdentity,
  organisation: OrganizationRow,
  verify?: VerifySignature,
): Promise<TrustState> {
  const found = await resolveTrust(transaction, organisation);
  const snapshot = await findLatestSnapshot(transaction, organisation.id);
  if (snapshot === undefined) {
    if (authority.version > 1 || (await wasTrustSigned(transaction))) throw missing(organisation);
    return { ...found, version: unsigned };
  }
  const { version, createdAt } = snapshot;
  const state = { ...found, version };
  await checkSnapshot(authority, snapshot, { createdAt, state }, verify);
  return state;
}

function missing({ did }: OrganizationRow): Error {
  return trustTampered('snapshot', 'is missing', { organisation: did, what: ['snapshot removed'] });
}
