import type { CID } from 'multiformats/cid';
import type { Budget } from '../../budget.ts';
import { coversCommand } from '../../ucan/token/command.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Revocation } from '../../ucan/token/revocation.ts';
import { verifyToken } from '../../ucan/token/verified.ts';

/**
 * Whether the path of a revocation shows that its revoker stands above the target: a whole chain, from the subject's own
 * word down to the target, of which the revoker issued one delegation. Of a target that is not known only the rest can be
 * checked, and the revoker may claim to have issued it.
 *
 * @throws HanaperError `invalid_token_signature`, `too_large` where the budget ends
 */
export async function isShownByPath(
  { path, target: cid, revokedBy }: Revocation,
  target: Delegation | undefined,
  resolveProof: (cid: CID) => Promise<Delegation | undefined>,
  budget: Budget,
): Promise<boolean> {
  const links = await resolveAll(path.at(-1)?.equals(cid) ? path.slice(0, -1) : path, resolveProof);
  const [root] = links ?? [];
  if (links === undefined) return false;
  if (root === undefined) return target === undefined;
  const chain = target ? [...links, target] : links;
  if (root.subject !== root.issuer || !isChain(chain) || !isFrom(links, target, revokedBy)) return false;
  for (const link of links) await verifyToken(link, undefined, budget);
  return true;
}

async function resolveAll(
  cids: readonly CID[],
  resolveProof: (cid: CID) => Promise<Delegation | undefined>,
): Promise<readonly Delegation[] | undefined> {
  const links: Delegation[] = [];
  for (const cid of cids) {
    const link = await resolveProof(cid);
    if (!link?.cid.equals(cid)) return undefined;
    links.push(link);
  }
  return links;
}

// A powerline is about whatever it passes on. Nobody stands in a chain twice: who delegates back to somebody above would
// otherwise stand above their own source.
function isChain(chain: readonly Delegation[]): boolean {
  const [root] = chain;
  if (new Set(chain.map(({ issuer }) => issuer)).size < chain.length) return false;
  return chain.every((below, index) => {
    const above = chain[index - 1];
    const isAbout = below.subject === null || below.subject === root?.subject;
    return isAbout && (!above || (above.audience === below.issuer && coversCommand(above.command, below.command)));
  });
}

function isFrom(links: readonly Delegation[], target: Delegation | undefined, revokedBy: string): boolean {
  const isClaimed = target === undefined && links.at(-1)?.audience === revokedBy;
  return isClaimed || links.some(({ issuer }) => issuer === revokedBy);
}
