import { type ShownDelegationDocument, showDelegation } from '../../authority/commands/show-delegation.ts';
import { decodeBase64 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import type { Caller } from '../caller.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import { formatSeconds } from '../token-document.ts';
import { reserveTokens, writeTokens } from '../write-tokens.ts';

/** Options of `ucan show`. */
export interface ShowOptions {
  readonly output?: string;
}

const readable = 0o644;

/** `hanaper ucan show CID` */
export async function show(session: Session, cid: string, { output }: ShowOptions): Promise<Outcome> {
  using place = output === undefined ? undefined : reserveTokens({ output, encoding: 'base64url' }, readable);
  const caller = await session.openCaller('read');
  const document = await caller.execute(showDelegation, { cid });
  const lines = format(document);
  const token = decodeBase64(document.token);
  if (place === undefined || token === undefined) return { document, lines };
  return await writeTokens(place, {
    document,
    lines: [...lines, '', `The token was written to ${output}.`, `Next: hanaper ucan inspect ${output}`],
    tokens: [token],
  });
}

/**
 * `hanaper ucan revoked CID`: fails where it is revoked, so that a script goes on only where it is known not to be.
 *
 * @throws HanaperError `token_revoked`, `not_found` where neither it nor a revocation of it is stored
 */
export async function requireNotRevoked(session: Session, text: string): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const { cid, state, revocations, altered } = await readStored(caller, text);
  if (state === 'revoked')
    throw revoked(
      cid,
      revocations.map(({ revoked_by }) => revoked_by),
    );
  if (state === 'undecided') throw undecided(cid);
  return {
    document: { cid, revoked: false, state, revocations, ...(altered && { altered }) },
    lines: [
      `The delegation ${cid} is not revoked (${describeState(state)}).`,
      ...revocations.map(({ revoked_by }) => `  A revocation by ${revoked_by} is recorded, and does not count.`),
    ],
  };
}

async function readStored(caller: Caller, cid: string): Promise<ShownDelegationDocument> {
  try {
    return await caller.execute(showDelegation, { cid });
  } catch (error) {
    const revokers = error instanceof HanaperError ? error.details['revoked_by'] : undefined;
    // Whether a revocation counts is not to be known without what it revokes; then it is believed.
    if (Array.isArray(revokers) && revokers.length > 0) throw revoked(cid, revokers.map(String));
    throw error;
  }
}

function format({ token: _, revocations, ...document }: ShownDelegationDocument): readonly string[] {
  const { cid, iss, aud, sub, cmd, pol, nbf, exp, state, created_at } = document;
  const fields: readonly (readonly [string, string])[] = [
    ['state', describeState(state)],
    ['issuer', iss],
    ['audience', aud],
    ['subject', sub ?? 'any: a powerline, for whatever the issuer has'],
    ['command', cmd],
    ['policy', JSON.stringify(pol)],
    ...(nbf === undefined ? [] : [['valid from', formatSeconds(nbf)] as const]),
    ['expires', exp === undefined ? 'never' : formatSeconds(exp)],
    ['stored', created_at],
  ];
  return [
    `delegation ${cid}`,
    ...fields.map(([name, value]) => `  ${name.padEnd(11)}${value}`),
    ...revocations.map(
      ({ revoked_by, revoked_at, reason }) =>
        `  ${'revocation'.padEnd(11)}${revoked_at} by ${revoked_by}${reason === undefined ? '' : `: ${reason}`}`,
    ),
  ];
}

function describeState(state: ShownDelegationDocument['state']): string {
  return state.replaceAll('_', ' ');
}

function revoked(cid: string, revokers: readonly string[]): HanaperError {
  const by = revokers.length === 0 ? 'a delegation above it is revoked' : `by ${revokers.join(', ')}`;
  return new HanaperError('token_revoked', `The delegation ${cid} is revoked (${by}).`, {
    cid,
    revoked_by: revokers,
  });
}

function undecided(cid: string): HanaperError {
  return new HanaperError(
    'too_large',
    `There are too many delegations above ${cid} to say whether it is revoked. Verify the chain itself: hanaper ucan verify FILE.`,
    { cid },
  );
}
