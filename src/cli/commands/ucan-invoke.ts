import { encodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import { proofsFrom } from '../../ucan/chain/chain.ts';
import { findChain, sourceOf, unrevoked, type Wish } from '../../ucan/chain/find-chain.ts';
import { formatCid, parseCid } from '../../ucan/encoding/cid.ts';
import { fromJsonValue } from '../../ucan/encoding/dag-json.ts';
import { type IpldMap, isIpldMap } from '../../ucan/encoding/ipld.ts';
import { type Delegation, decodeDelegation } from '../../ucan/token/delegation.ts';
import type { UcanVersion } from '../../ucan/token/envelope.ts';
import { signInvocation } from '../../ucan/token/invocation.ts';
import { signerOf } from '../../ucan/token/signer.ts';
import { unpackTokens } from '../../ucan/token/tokens.ts';
import { verifyToken } from '../../ucan/token/verified.ts';
import { parseFutureExpiry } from '../duration.ts';
import type { Outcome } from '../output.ts';
import { requirePrincipal } from '../principal-option.ts';
import { type KeyFileOptions, readIdentity } from '../read-identity.ts';
import { readJsonArgument, readTokens } from '../read-tokens.ts';
import type { Session } from '../session.ts';
import { createStandIn } from '../stand-in-signer.ts';
import { describeToken, formatSeconds } from '../token-document.ts';
import { reserveTokens, type TokenOutputOptions, writeTokens } from '../write-tokens.ts';

/** Options of `ucan invoke`. */
export interface InvokeOptions extends KeyFileOptions, TokenOutputOptions {
  readonly issuer: string;
  readonly subject: string;
  readonly command: string;
  readonly args?: string;
  readonly audience?: string;
  readonly expires?: string;
  readonly proof?: readonly string[];
  readonly version: UcanVersion;
}

const defaultExpiry = '5m';
const ownerOnly = 0o600;

/** `hanaper ucan invoke`: only what the proofs allow is made. */
export async function invoke(session: Session, options: InvokeOptions): Promise<Outcome> {
  const { subject, command, audience, version, output } = options;
  requirePrincipal('--subject', subject);
  if (audience !== undefined) requirePrincipal('--audience', audience);
  const args = await readArgs(options);
  const now = new Date();
  const expires = parseFutureExpiry(options.expires ?? defaultExpiry, now);
  using place = reserveTokens(options, ownerOnly);
  const given = options.proof && (await readTokens(...options.proof)).delegations;
  const claims = { subject, command, args, audience, version, expiration: toSeconds(expires) };
  await signInvocation(await createStandIn(), claims);
  const signer = await signerOf(await readIdentity(session, options.issuer, options));
  const wish = { invoker: signer.did, subject, command, args, now: Math.floor(now.getTime() / 1000) };
  const path = await findPath(session, wish, given);
  for (const delegation of path) await verifyToken(delegation);
  const invocation = await signInvocation(signer, {
    ...claims,
    proofs: path.map(({ cid }) => cid),
    issuedAt: wish.now,
  });
  return await writeTokens(place, {
    document: describeToken(invocation),
    lines: [
      `${signer.did} invokes ${command} on`,
      `${subject}: ${output}`,
      `  cid      ${formatCid(invocation.cid)}`,
      `  proofs   ${path.length === 0 ? 'none needed: the subject itself invokes' : `${path.length}, in the same container`}`,
      `  expires  ${formatSeconds(invocation.expiration ?? 0)}`,
      '',
      `Next: hanaper ucan verify ${output} --explain`,
    ],
    tokens: [invocation.bytes, ...path.map(({ bytes }) => bytes)],
  });
}

/** The chain among the given proofs; where none is given, among those in the database. */
async function findPath(
  session: Session,
  wish: Wish,
  given: readonly Delegation[] | undefined,
): Promise<readonly Delegation[]> {
  if (given) return findChain(wish, sourceOf(unrevoked(given)));
  const authority = wish.invoker === wish.subject ? undefined : await session.findAuthority();
  if (authority === undefined) return findChain(wish, sourceOf([]));
  const { findStoredChain } = await import('../../authority/commands/find-chain.ts');
  const { invoker, subject, command, args } = wish;
  const { container, chain } = await authority.execute(findStoredChain, { invoker, subject, command, args });
  const find = proofsFrom((await unpackTokens(encodeUtf8(container))).map(decodeDelegation));
  return chain.flatMap((cid) => find(parseCid(cid)) ?? []);
}

/** The arguments of `--args`: a JSON object, or the one in a file behind `@`. */
export async function readArgs({ args }: Pick<InvokeOptions, 'args'>): Promise<IpldMap> {
  const value = fromJsonValue(args === undefined ? {} : await readJsonArgument('--args', args));
  if (isIpldMap(value)) return value;
  throw new HanaperError('bad_input', 'Arguments are a JSON object, like {"name": "plugin.wasm"}.', {
    option: '--args',
  });
}
