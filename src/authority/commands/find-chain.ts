import { z } from 'zod';
import { toSeconds } from '../../signature/time.ts';
import { findChain } from '../../ucan/chain/find-chain.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { fromJsonValue } from '../../ucan/encoding/dag-json.ts';
import { type IpldMap, type IpldValue, isIpldMap, toIpldMap } from '../../ucan/encoding/ipld.ts';
import { packTokens } from '../../ucan/token/tokens.ts';
import { isSignatureValid } from '../../ucan/token/verified.ts';
import { cidText, commandArg, didArg } from '../schemas/args.ts';
import type { Command } from '../schemas/command.ts';
import { alteredDelegation } from '../tokens/stored-tokens.ts';

/** Who wants to do what. */
export interface FindChainArgs {
  readonly invoker: string;
  readonly subject: string;
  readonly command: string;
  /** DAG-JSON. */
  readonly args: unknown;
}

/** The shortest chain of stored delegations on which something could be invoked, from the root; empty for the subject. */
export const findStoredChain: Command<'authority', FindChainArgs, { container: string; chain: readonly string[] }> = {
  name: '/delegation/find',
  summary: 'Find the shortest stored chain on which something could be invoked',
  subject: 'authority',
  access: 'read',
  route: { method: 'POST', path: '/api/delegations/find' },
  args: z.strictObject({
    invoker: didArg.describe('Who is to invoke'),
    subject: didArg.describe('On whose power'),
    command: commandArg.describe('What is to be invoked'),
    args: z.unknown().meta({ description: 'With which arguments', type: 'object', additionalProperties: true }),
  }),
  result: z.strictObject({
    container: z.string().describe('The delegations of the chain, in base64url'),
    chain: z.array(cidText).describe('Their CIDs, from the root'),
  }),
  async run({ tokens, now, budget }, { args, ...wish }) {
    const wanted = { ...wish, args: readWishedArgs(args), now: toSeconds(now) };
    const chain = await findChain(wanted, await tokens.between(wish.subject, wish.invoker, budget), budget);
    for (const delegation of chain) {
      if (!(await isSignatureValid(delegation, undefined, budget))) throw alteredDelegation(formatCid(delegation.cid));
    }
    // Anyone who is about to use it has it verified again, and that then costs nothing.
    tokens.keep(chain);
    return { container: await packTokens(chain), chain: chain.map(({ cid }) => formatCid(cid)) };
  },
};

// Of a local call they are plain JSON, of an invocation a map already.
function readWishedArgs(args: unknown): IpldMap {
  return isIpldMap(args as IpldValue) ? (args as IpldMap) : toIpldMap(fromJsonValue(args));
}
