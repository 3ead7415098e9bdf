import type { Budget } from '../../budget.ts';
import type { DelegationRow } from '../../store/engine/schema.ts';
import { listDelegationsById, type ScannedDelegation, scanDelegations } from '../../store/tables/delegation-links.ts';
import type { DelegationStatus } from '../../ucan/chain/delegation-status.ts';
import type { Candidate } from '../../ucan/chain/find-chain.ts';
import { coversCommand } from '../../ucan/token/command.ts';
import type { CommandContext } from '../schemas/command.ts';
import { judgeStatus, maxVisitsOfOne } from './judge-status.ts';

/** What a list is about, and where it goes on. */
export interface PageFilter {
  readonly audience?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly command?: string | undefined;
  /** Seconds since 1970. */
  readonly liveAt?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** One page of delegations with how each stands; `next` is there where more may follow. */
export interface DelegationPage {
  readonly listed: readonly {
    readonly row: DelegationRow;
    readonly candidate: Candidate;
    readonly standing: DelegationStatus;
  }[];
  readonly next?: number;
}

type Reader = Pick<CommandContext, 'transaction' | 'tokens' | 'budget'>;

// What one page looks for, and what it holds at most.
const maxScanned = 1000;
const maxListed = 100;
const maxBytes = 1_048_576;
// What is read above one delegation.
const maxRowsOfOne = 200;

/**
 * Reads as much of a list as one request may cost: less than its limit where the delegations are large, or where very many
 * stand above them.
 */
export async function readDelegationPage(reader: Reader, filter: PageFilter, now: number): Promise<DelegationPage> {
  const { found, end } = await scan(reader, filter);
  const rows = await listDelegationsById(
    reader.transaction,
    found.map(({ id }) => id),
  );
  const candidates = await reader.tokens.withRevocations(reader.tokens.decodeWithin(rows, reader.budget));
  const source = reader.tokens.standingSource(reader.budget);
  const listed: DelegationPage['listed'][number][] = [];
  for (const [index, row] of rows.entries()) {
    const candidate = candidates[index];
    const before = rows[index - 1];
    if (before && (candidate === undefined || isSpent(reader.budget))) return { listed, next: before.id };
    if (candidate) listed.push({ row, candidate, standing: await judgeStatus(candidate, source, now, reader.budget) });
  }
  return { listed, ...(end !== undefined && { next: end }) };
}

function isSpent(budget: Budget): boolean {
  return budget.left('visits') < maxVisitsOfOne || budget.left('rows_read') < maxRowsOfOne;
}

/** The rows of a page, and where the next one begins: at the last row that was looked at. */
async function scan(
  { transaction, budget }: Reader,
  filter: PageFilter,
): Promise<{ readonly found: readonly ScannedDelegation[]; readonly end?: number | undefined }> {
  const { audience, issuer, subject, limit, before } = filter;
  const whose = {
    ...(audience !== undefined && { aud: audience }),
    ...(issuer !== undefined && { iss: issuer }),
    ...(subject !== undefined && { sub: subject }),
  };
  const scanned = await scanDelegations(transaction, whose, maxScanned, before);
  const found: ScannedDelegation[] = [];
  let bytes = 0;
  for (const [index, each] of scanned.entries()) {
    if (!isWanted(each, filter)) continue;
    bytes += each.bytes;
    if (found.length > 0 && bytes > maxBytes) return { found, end: scanned[index - 1]?.id };
    budget.spend('rows_read');
    found.push(each);
    if (found.length >= Math.min(limit, maxListed)) return { found, end: each.id };
  }
  return { found, end: scanned.length < maxScanned ? undefined : scanned.at(-1)?.id };
}

function isWanted({ cmd, nbf, exp }: ScannedDelegation, { command, liveAt }: PageFilter): boolean {
  if (command !== undefined && !coversCommand(cmd, command)) return false;
  return liveAt === undefined || ((exp === null || exp >= liveAt) && (nbf === null || nbf <= liveAt));
}
