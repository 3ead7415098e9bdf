import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { fromJsonValue } from '../../ucan/encoding/dag-json.ts';
import { type Delegation, type DelegationClaims, signDelegation } from '../../ucan/token/delegation.ts';
import type { UcanVersion } from '../../ucan/token/envelope.ts';
import type { Signer } from '../../ucan/token/signer.ts';
import { parseExpiry, parseFutureExpiry } from '../duration.ts';
import type { Outcome } from '../output.ts';
import { requirePrincipal } from '../principal-option.ts';
import { readJsonArgument, readTokens } from '../read-tokens.ts';
import type { Session } from '../session.ts';
import { describeToken, formatSeconds } from '../token-document.ts';
import { openTokenSigner, type SignerOptions, signsByDatabase } from '../token-signer.ts';
import { reserveTokens, type TokenOutputOptions, writeTokens } from '../write-tokens.ts';

/** Options of `ucan delegate`. */
export interface DelegateOptions extends SignerOptions, TokenOutputOptions {
  readonly audience: string;
  readonly subject?: string;
  readonly powerline?: boolean;
  readonly command: string;
  readonly policy?: string;
  readonly expires?: string;
  readonly notBefore?: string;
  readonly store?: boolean;
  /** Delegations to put beside it. */
  readonly proof?: readonly string[];
  readonly version: UcanVersion;
}

const defaultExpiry = '90d';
const readable = 0o644;

/** `hanaper ucan delegate` */
export async function delegate(session: Session, options: DelegateOptions): Promise<Outcome> {
  if (options.powerline && options.subject !== undefined) throw bothSubjects();
  const claims = await readClaims(options);
  const { delegations: chain } = await readTokens(...(options.proof ?? []));
  using place = reserveTokens(options, readable);
  const subjectFor = ({ did }: Signer) => (options.powerline ? null : (options.subject ?? did));
  const signer = await openTokenSigner(session, options, (standIn) =>
    signDelegation(standIn, { ...claims, subject: subjectFor(standIn) }),
  );
  const delegation = await issue(session, options, signer, { ...claims, subject: subjectFor(signer) });
  const outcome = await writeTokens(place, {
    document: { ...describeToken(delegation), stored: options.store ?? false },
    lines: describe(delegation, options),
    tokens: [delegation, ...chain].map(({ bytes }) => bytes),
  });
  if (options.store) await store(session, delegation, options.issuer);
  return outcome;
}

async function readClaims({ audience, subject, command, policy, expires, notBefore, version }: DelegateOptions) {
  requirePrincipal('--audience', audience);
  if (subject !== undefined) requirePrincipal('--subject', subject);
  const now = new Date();
  const statements = policy === undefined ? [] : fromJsonValue(await readJsonArgument('--policy', policy));
  if (!Array.isArray(statements)) {
    throw new HanaperError('bad_input', 'A policy is a list of statements, like [["==", ".name", "plugin.wasm"]].', {
      option: '--policy',
    });
  }
  const expiration = expires === 'never' ? null : toSeconds(parseFutureExpiry(expires ?? defaultExpiry, now));
  const begin = notBefore === undefined ? undefined : toSeconds(parseExpiry(notBefore, now, '--not-before'));
  if (begin !== undefined && expiration !== null && begin > expiration) {
    throw new HanaperError('bad_input', '--not-before lies behind --expires: it would never be valid.', {
      option: '--not-before',
    });
  }
  return {
    audience,
    command,
    version,
    policy: statements,
    expiration,
    ...(begin !== undefined && { notBefore: begin }),
  };
}

// Only what the database signs is its event.
async function issue(
  session: Session,
  options: DelegateOptions,
  signer: Signer,
  claims: DelegationClaims,
): Promise<Delegation> {
  if (!signsByDatabase(session, options)) return signDelegation(signer, claims);
  const { issueDelegation } = await import('../../authority/issue-delegation.ts');
  return issueDelegation(await session.unlockAuthority(), signer, claims);
}

async function store(session: Session, delegation: Delegation, issuer: string | undefined): Promise<void> {
  const { storeDelegations } = await import('../../authority/commands/delegation.ts');
  const caller = await session.openCaller('write', issuer);
  await caller.execute(storeDelegations, { delegations: [delegation.cid] }, [delegation]);
}

function describe(delegation: Delegation, { output = '', store: stored, issuer: keyFile }: DelegateOptions) {
  const { cid, issuer, audience, subject, command, policy, expiration } = delegation;
  const count = policy.source.length;
  return [
    `${issuer} delegates ${command} to`,
    `${audience}: ${output}`,
    `  cid      ${formatCid(cid)}`,
    `  subject  ${subject ?? 'whatever the issuer has (powerline)'}`,
    `  policy   ${count === 0 ? 'none' : `${count} ${count === 1 ? 'statement' : 'statements'}; "hanaper ucan inspect" shows them`}`,
    `  expires  ${expiration === null ? 'never' : formatSeconds(expiration)}`,
    ...(stored ? ['  stored in the database'] : []),
    ...(keyFile !== undefined && subject === issuer
      ? ['', 'It is about the power of that key itself. To pass on what it was given, name whose power with --subject.']
      : []),
    '',
    `Next, with the audience's key: hanaper ucan invoke --issuer KEYFILE --subject ${subject ?? 'DID'} --command ${command} --proof ${output}`,
  ];
}

function bothSubjects(): HanaperError {
  return new HanaperError('usage', 'A powerline has no subject: give --subject or --powerline, not both.', {
    option: '--powerline',
  });
}
