import type { Authority } from '../../authority/authority.ts';
import { HanaperError } from '../../errors.ts';
import { parseTime } from '../../signature/time.ts';
import { type ChainContext, type Explanation, explainInvocation, proofsFrom } from '../../ucan/chain/chain.ts';
import { listIssuersAbove } from '../../ucan/chain/delegation-status.ts';
import { explainDelegation } from '../../ucan/chain/explain-delegation.ts';
import { sourceOf, unrevoked } from '../../ucan/chain/find-chain.ts';
import { gatherRevocations } from '../../ucan/chain/gather-revocations.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { toDagJson } from '../../ucan/encoding/dag-json.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { revokeCommand } from '../../ucan/token/revocation.ts';
import { type Outcome, printOutcome } from '../output.ts';
import { type ReadTokens, readTokens } from '../read-tokens.ts';
import { explain } from '../remedies.ts';
import type { Session } from '../session.ts';

/** Options of `ucan verify`. */
export interface UcanVerifyOptions {
  readonly proof?: readonly string[];
  readonly at?: string;
  readonly audience?: string;
  readonly explain?: boolean;
}

interface Circumstances {
  readonly now: number;
  readonly revocationsOf: ChainContext['revocationsOf'];
  readonly executor?: string;
}

/** `hanaper ucan verify FILE` */
export async function verify(session: Session, file: string, options: UcanVerifyOptions): Promise<Outcome> {
  const given = await readTokens(file);
  const beside = await readTokens(...(options.proof ?? []));
  if (options.audience !== undefined && given.invocations.length === 0) {
    throw new HanaperError('usage', '--audience is for invocations: a delegation is executed by nobody.', {
      option: '--audience',
    });
  }
  const authority = await session.findAuthority();
  const explanations = await explainAll(authority, given, beside, options);
  if (explanations.length === 0) throw nothingToVerify(file);
  const failure = explanations.find((each) => each.failure)?.failure;
  const consulted = authority ? authority.database.name : 'no database';
  const walk = explanations.flatMap(formatExplanation);
  if (failure === undefined) {
    const lines = options.explain ? [...walk, ''] : [];
    const document = { valid: true, ...describeAll(explanations), revocations: consulted };
    return { document, lines: [...lines, ...summarise(explanations, consulted)] };
  }
  if (options.explain && !session.output.json) printOutcome(session.output, { document: {}, lines: [...walk, ''] });
  throw options.explain ? withExplanation(failure, describeAll(explanations)) : failure;
}

/** What is verified: the invocations of the file; where it has none, its delegations by themselves. */
async function explainAll(
  authority: Authority | undefined,
  file: ReadTokens,
  beside: ReadTokens,
  options: UcanVerifyOptions,
): Promise<readonly Explanation[]> {
  const delegations = [...file.delegations, ...beside.delegations];
  const now = readTime(options.at);
  const revocations = [...file.invocations, ...beside.invocations].filter(({ command }) => command === revokeCommand);
  const requests = file.invocations.filter(({ command }) => command !== revokeCommand);
  const asked = requests.length > 0 ? requests : file.invocations;
  const known = revocations.filter((revocation) => !asked.includes(revocation));
  const circumstances = {
    now,
    revocationsOf: await gatherRevocations(known, { now, resolveProof: proofsFrom(delegations) }),
    ...(options.audience !== undefined && { executor: options.audience }),
  };
  const explained: Explanation[] = [];
  for (const invocation of asked) explained.push(await explainOne(authority, invocation, delegations, circumstances));
  if (asked.length > 0) return explained;
  for (const each of file.delegations) explained.push(await explainAlone(authority, each, delegations, circumstances));
  return explained;
}

async function explainOne(
  authority: Authority | undefined,
  invocation: Invocation,
  proofs: readonly Delegation[],
  circumstances: Circumstances,
): Promise<Explanation> {
  if (authority === undefined) {
    return explainInvocation(invocation, { ...circumstances, resolveProof: proofsFrom(proofs) });
  }
  const { explainByDatabase } = await import('../../authority/verify-invocation.ts');
  return explainByDatabase(authority, invocation, { ...circumstances, proofs });
}

async function explainAlone(
  authority: Authority | undefined,
  delegation: Delegation,
  others: readonly Delegation[],
  circumstances: Circumstances,
): Promise<Explanation> {
  const above = await listIssuersAbove(delegation, sourceOf(unrevoked(others)));
  if (authority === undefined) return explainDelegation(delegation, circumstances, above);
  const { explainDelegationByDatabase } = await import('../../authority/verify-invocation.ts');
  return explainDelegationByDatabase(authority, delegation, circumstances, above);
}

function readTime(at: string | undefined): number {
  if (at === undefined) return Math.floor(Date.now() / 1000);
  const time = parseTime(at);
  if (time !== undefined) return Math.floor(time / 1000);
  throw new HanaperError('usage', `"${at}" is no time. Give one like 2026-12-31T00:00:00Z.`, { option: '--at' });
}

function summarise(explanations: readonly Explanation[], consulted: string): readonly string[] {
  const invocations = explanations.flatMap(({ links }) => {
    const token = links.at(-1)?.token;
    return token?.kind === 'invocation' ? [token] : [];
  });
  const what = invocations.flatMap(({ issuer, subject, command, args }) => [
    'Valid: the invocation is authorised.',
    `  issuer   ${issuer}`,
    `  subject  ${subject}`,
    `  command  ${command}`,
    `  args     ${toDagJson(args)}`,
  ]);
  const alone =
    'Valid: signed by who issued it, within its time, not revoked. What it allows shows with an invocation.';
  return [...(what.length > 0 ? what : [alone]), `Revocations were looked up in: ${consulted}.`];
}

function nothingToVerify(file: string): HanaperError {
  return new HanaperError('bad_input', `${file} holds no token to verify.`, { path: file, reason: 'no token' });
}

function formatExplanation({ links }: Explanation): readonly string[] {
  return links.flatMap(({ cid, token, findings }, index) => [
    `${index + 1}. ${describeLink(token)}  ${formatCid(cid)}`,
    ...findings.map(({ rule, failure }) =>
      failure ? `   ✗ ${rule.padEnd(10)} ${explain(failure)} (${failure.code})` : `   ✓ ${rule}`,
    ),
  ]);
}

function describeLink(token: Delegation | Invocation | undefined): string {
  if (token === undefined) return 'a proof that was not given';
  if (token.kind === 'invocation') return `${token.issuer} invokes ${token.command}`;
  return `${token.issuer} delegates ${token.command} to ${token.audience}`;
}

function describeAll(explanations: readonly Explanation[]): { readonly chains: readonly object[] } {
  return {
    chains: explanations.map(({ links }) => ({
      links: links.map(({ cid, token, findings }) => ({
        cid: formatCid(cid),
        kind: token?.kind ?? null,
        rules: findings.map(({ rule, failure }) => ({
          rule,
          held: failure === undefined,
          code: failure?.code ?? null,
        })),
      })),
    })),
  };
}

function withExplanation({ code, message, details, cause }: HanaperError, explanation: object): HanaperError {
  return new HanaperError(code, message, { ...details, ...explanation }, cause);
}
