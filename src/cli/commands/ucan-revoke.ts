import { existsSync } from 'node:fs';
import type { CID } from 'multiformats/cid';
import type { RevocationDocument } from '../../authority/commands/ucan.ts';
import { resultOf } from '../../authority/execution/result-of.ts';
import { HanaperError } from '../../errors.ts';
import { formatCid, parseCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { signRevocation } from '../../ucan/token/revocation.ts';
import type { Outcome } from '../output.ts';
import { readTokens } from '../read-tokens.ts';
import type { Session } from '../session.ts';
import { describeToken } from '../token-document.ts';
import { openTokenSigner, type SignerOptions, signsByDatabase } from '../token-signer.ts';
import { reserveTokens, type TokenPlace, writeTokens } from '../write-tokens.ts';

/** Options of `ucan revoke`. */
export interface RevokeOptions extends SignerOptions {
  readonly path?: readonly string[];
  readonly reason?: string;
  readonly output?: string;
}

/** Delegations as they are named on the command line: by CID, or by a file that also holds them. */
interface Named {
  readonly cids: readonly CID[];
  readonly delegations: readonly Delegation[];
}

const readable = 0o644;

/** `hanaper ucan revoke CID|FILE` */
export async function revoke(session: Session, what: string, options: RevokeOptions): Promise<Outcome> {
  const named = await readNamed([what]);
  const [target, ...others] = named.cids;
  if (target === undefined || others.length > 0) throw notOne(what, named.cids);
  const path = await readNamed(options.path ?? []);
  using place =
    options.output === undefined
      ? undefined
      : reserveTokens({ output: options.output, encoding: 'base64url' }, readable);
  const caller = place === undefined ? await session.openWriter(options.issuer) : undefined;
  // What leads to who asks a server leads to the revoker as well.
  const shown = await readTokens(...(session.remote?.proofs ?? []));
  const given = [...named.delegations, ...path.delegations, ...shown.delegations];
  const claims = {
    target,
    path: path.cids.length === 0 ? [] : [...path.cids.filter((cid) => !cid.equals(target)), target],
    audience: caller?.identity.did,
    reason: options.reason,
  };
  const signer = await openTokenSigner(session, options, async (standIn) => {
    const invocation = await signRevocation(standIn, claims);
    // Whether a key may revoke depends on whose it is, which a sealed file does not say.
    if (signsByDatabase(session, options)) await caller?.checkRequest({ invocation, given });
  });
  const revocation = await signRevocation(signer, claims);
  if (place) return await write(revocation, target, [revocation, ...given], place);
  if (caller === undefined) throw new TypeError('there is neither a caller nor a place');
  const answer = await caller.executeRequest({ invocation: revocation, given, isLocal: true });
  const document = resultOf(answer) as RevocationDocument;
  // The receipt of what was done before says what was new then.
  return describe(answer.kind === 'receipt' && answer.isReplay ? { ...document, is_new: false } : document);
}

async function readNamed(names: readonly string[]): Promise<Named> {
  const cids: CID[] = [];
  const delegations: Delegation[] = [];
  for (const name of names) {
    if (name !== '-' && !existsSync(name)) {
      cids.push(readCid(name));
      continue;
    }
    const given = (await readTokens(name)).delegations;
    cids.push(...sortChain(given).map(({ cid }) => cid));
    delegations.push(...given);
  }
  return { cids, delegations };
}

// A container keeps no order: in a chain each is addressed to the issuer of the next.
function sortChain(delegations: readonly Delegation[]): readonly Delegation[] {
  const sorted: Delegation[] = [];
  let next = delegations.find(({ issuer }) => !delegations.some(({ audience }) => audience === issuer));
  while (next) {
    const { audience } = next;
    sorted.push(next);
    next = delegations.find((each) => each.issuer === audience && !sorted.includes(each));
  }
  return sorted.length === delegations.length ? sorted : delegations;
}

function readCid(name: string): CID {
  try {
    return parseCid(name);
  } catch {
    throw new HanaperError('bad_input', `"${name}" is neither a file that is there nor the CID of a token.`, {
      expected: 'zdpu…',
    });
  }
}

function write(
  revocation: Invocation,
  target: CID,
  tokens: readonly (Invocation | Delegation)[],
  place: TokenPlace,
): Promise<Outcome> {
  return writeTokens(place, {
    document: describeToken(revocation),
    lines: [
      `The revocation of ${formatCid(target)} was written to ${place.output}.`,
      'It counts only where it is known. No database has received it yet.',
      '',
      `Next, where it shall count: hanaper ucan import ${place.output}`,
    ],
    tokens: tokens.map(({ bytes }) => bytes),
  });
}

function describe(document: RevocationDocument): Outcome {
  const { cid, revoked_by, revoked_at, is_new, fallen, more_fallen } = document;
  const below = fallen.filter((each) => each !== cid);
  return {
    document,
    lines: [
      is_new
        ? `The delegation ${cid} is revoked.`
        : `The delegation ${cid} was revoked already, at ${revoked_at}. Nothing changed.`,
      `  by       ${revoked_by}`,
      below.length === 0
        ? '  No other delegation that is stored here falls with it.'
        : `  With it fall ${below.length} that rest on it:`,
      ...below.map((each) => `    ${each}`),
      ...(more_fallen ? ['    and maybe more: see hanaper ucan list --revoked'] : []),
      'Every chain through it is refused from now on, wherever this database is asked.',
    ],
  };
}

function notOne(what: string, cids: readonly CID[]): HanaperError {
  const found = cids.map(formatCid);
  const hint = found.length === 0 ? 'it holds none' : `give the CID of the one to revoke: ${found.join(', ')}`;
  return new HanaperError('usage', `${what} must hold exactly one delegation: ${hint}.`, {
    reason: 'not one delegation',
    cids: found,
  });
}
