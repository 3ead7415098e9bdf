import { compareText } from '../../compare-text.ts';
import { HanaperError } from '../../errors.ts';
import type { KeyRevocation } from '../../signature/key-revocation.ts';
import { stricterRevocation } from '../../signature/key-revocation.ts';
import type { OrganizationRow, RevocationColumns } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listOwnerRows, listTrustRows, type OwnerRow, type TrustRow } from '../../store/tables/trust-rows.ts';
import type { VerificationPolicy } from '../../trust/policy.ts';
import { resolveStateKeys } from '../../trust/resolve.ts';
import type { StateKey, TrustState } from '../../trust/state.ts';
import { publicKeyOfRow } from '../keys/key-rules.ts';

/** What an organisation trusts by its rows; nothing has vouched for them. */
export type FoundTrust = Omit<TrustState, 'version'>;

/**
 * Resolves what an organisation trusts out of rows: its own keys, those it accepts through ACLs, revocations, its policy.
 *
 * @throws HanaperError `database_corrupt`, `trust_tampered` for an invalid policy
 */
export async function resolveTrust(transaction: Transaction, organisation: OrganizationRow): Promise<FoundTrust> {
  const { id, did, name, verificationPolicy } = organisation;
  const rows = pickLatest(await listTrustRows(transaction, id));
  const owners = Map.groupBy(await listOwnerRows(transaction, id), ({ keyFingerprint }) => keyFingerprint);
  const keys = rows.map((row) => toStateKey(row, owners.get(row.keyFingerprint) ?? []));
  const own = keys.filter(({ via }) => via === undefined);
  const inherited = keys.filter(({ via }) => via !== undefined).toSorted(compareVia);
  return {
    organisation: { did, name },
    keys: resolveStateKeys(own, inherited, gatherRevoked(owners)),
    policy: verificationPolicy === null ? null : await readPolicy(verificationPolicy, did),
  };
}

// Of several rows of one organisation about one key the active one counts, else the one that was revoked last.
function pickLatest(rows: readonly TrustRow[]): readonly TrustRow[] {
  const latest = new Map<string, TrustRow>();
  for (const row of rows) {
    const place = `${row.orgId} ${row.keyFingerprint}`;
    const before = latest.get(place);
    if (before === undefined || isLater(row, before)) latest.set(place, row);
  }
  return [...latest.values()];
}

function isLater(row: TrustRow, other: TrustRow): boolean {
  if (row.revokedAt === null || other.revokedAt === null) return row.revokedAt === null;
  return row.revokedAt === other.revokedAt ? row.id > other.id : row.revokedAt > other.revokedAt;
}

// A signing key that was revoked here is revoked for everybody here, whatever a row of trust says.
function gatherRevoked(owners: ReadonlyMap<string, readonly OwnerRow[]>): ReadonlyMap<string, KeyRevocation> {
  const revoked = new Map<string, KeyRevocation>();
  for (const [fingerprint, rows] of owners) {
    const revocations = rows.map(toRevocation).filter((revocation) => revocation !== undefined);
    if (revocations.length > 0) revoked.set(fingerprint, revocations.reduce(stricterRevocation));
  }
  return revoked;
}

function toStateKey(row: TrustRow, owners: readonly OwnerRow[]): StateKey {
  const { keyFingerprint: fingerprint, keyName: name, label, via, trustedAt } = row;
  const revocation = toRevocation(row);
  return {
    fingerprint,
    publicKey: publicKeyOfRow(row),
    name,
    ...(label === null ? {} : { label }),
    owners: owners.map(({ did }) => did),
    ...(via === null ? {} : { via }),
    trustedAt,
    ...(revocation && { revocation }),
  };
}

function toRevocation(columns: RevocationColumns): KeyRevocation | undefined {
  const { revokedAt, revocationReason: reason, effectiveAt, effectiveIndex } = columns;
  return revokedAt === null ? undefined : { revokedAt, reason, effectiveAt, effectiveIndex };
}

function compareVia({ via: left = '' }: StateKey, { via: right = '' }: StateKey): number {
  return compareText(left, right);
}

async function readPolicy(text: string, did: string): Promise<VerificationPolicy> {
  // Loaded where there is one: a verification without starts faster.
  const { parsePolicyText } = await import('../../trust/parse-policy.ts');
  const { encodeUtf8 } = await import('../../bytes.ts');
  try {
    return parsePolicyText(encodeUtf8(text));
  } catch (cause) {
    const { trustTampered } = await import('../../trust/tampered.ts');
    const what = ['policy changed'];
    if (cause instanceof HanaperError)
      throw trustTampered('snapshot', 'differs from the rows: policy changed', { organisation: did, what }, cause);
    throw cause;
  }
}
