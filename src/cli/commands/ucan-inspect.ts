import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { isSignatureValid } from '../../ucan/token/verified.ts';
import type { Outcome } from '../output.ts';
import { readTokens } from '../read-tokens.ts';
import type { Session } from '../session.ts';
import { describeToken, formatSeconds, type TokenDocument } from '../token-document.ts';

type InspectedDocument = TokenDocument & {
  readonly signature: 'valid' | 'invalid';
  readonly time: 'live' | 'expired' | 'not_yet_valid';
};

const labelWidth = 9;

/** `hanaper ucan inspect FILE` */
export async function inspect(_session: Session, file: string): Promise<Outcome> {
  const { delegations, invocations } = await readTokens(file);
  const now = Date.now() / 1000;
  const tokens: InspectedDocument[] = [];
  for (const token of [...invocations, ...delegations]) tokens.push(await inspectToken(token, now));
  const chains = invocations.flatMap((invocation) => drawChain(invocation, delegations));
  return {
    document: { tokens },
    lines: [
      ...tokens.flatMap(formatToken),
      ...(chains.length > 0 ? ['chain, from the root', ...chains] : []),
      'A valid signature says who issued a token, not what it allows: "hanaper ucan verify" does.',
    ],
  };
}

async function inspectToken(token: Delegation | Invocation, now: number): Promise<InspectedDocument> {
  const notBefore = token.kind === 'delegation' ? (token.notBefore ?? 0) : 0;
  const isExpired = token.expiration !== null && now > token.expiration;
  return {
    ...describeToken(token),
    signature: (await isSignatureValid(token)) ? 'valid' : 'invalid',
    time: isExpired ? 'expired' : now < notBefore ? 'not_yet_valid' : 'live',
  };
}

function formatToken({ cid, kind, version, signature, time, ...fields }: InspectedDocument): readonly string[] {
  const { key_type, is_root: _, is_powerline, ...shown } = fields;
  return [
    `${kind} ${cid}`,
    line('version', `${version}, signed with ${key_type}: signature ${signature}`),
    line('time', time.replaceAll('_', ' ')),
    ...Object.entries(shown).map(([name, value]) => line(name, formatField(name, value, is_powerline === true))),
    '',
  ];
}

function formatField(name: string, value: unknown, isPowerline: boolean): string {
  if (name === 'sub' && isPowerline) return 'null: a powerline, for whatever the issuer has';
  if (name === 'exp' && value === null) return 'never';
  if (typeof value === 'number') return `${value} (${formatSeconds(value)})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function line(label: string, text: string): string {
  return `  ${label.padEnd(labelWidth)}${text}`;
}

/** An invocation's proofs as a tree: each link hangs under the one that it rests on. */
function drawChain({ cid, proofs, issuer, subject }: Invocation, delegations: readonly Delegation[]): string[] {
  const byCid = new Map(delegations.map((delegation) => [formatCid(delegation.cid), delegation]));
  const [first] = proofs;
  const isFromLeaf = first && proofs.length > 1 && byCid.get(formatCid(first))?.audience === issuer;
  const links = (isFromLeaf ? proofs.toReversed() : proofs).map((proof) => {
    const found = byCid.get(formatCid(proof));
    return found
      ? `${found.issuer} delegates ${found.command} to ${found.audience}  ${formatCid(proof)}`
      : `${formatCid(proof)}: not in this file`;
  });
  const all = [`subject ${subject}`, ...links, `${issuer} invokes  ${formatCid(cid)}`];
  return all.map((text, depth) => (depth === 0 ? `  ${text}` : `  ${'   '.repeat(depth - 1)}└─ ${text}`));
}
