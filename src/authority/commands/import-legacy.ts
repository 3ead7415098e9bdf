import { z } from 'zod';
import type { Budget } from '../../budget.ts';
import { encodeHex, encodeUtf8 } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import { toSeconds } from '../../signature/time.ts';
import { takeLock } from '../../store/engine/lock.ts';
import type { LegacyTokenRow } from '../../store/engine/schema.ts';
import { listOrganizations } from '../../store/tables/organizations.ts';
import { insertLegacyToken, isReissued, setReissuedCid } from '../../store/tables/ucan-legacy-tokens.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { decodeLegacyToken, type LegacyToken, verifyLegacySignature } from '../../ucan/legacy/legacy.ts';
import type { LegacyCapability } from '../../ucan/legacy/legacy-capabilities.ts';
import { isJsonMap } from '../../ucan/legacy/legacy-fields.ts';
import { type Delegation, type DelegationClaims, signDelegation } from '../../ucan/token/delegation.ts';
import type { Signer } from '../../ucan/token/signer.ts';
import { drawForSignature } from '../../ucan/token/verified.ts';
import { type Draw, drawAllowance, requireAllowance } from '../execution/allowances.ts';
import { cidText, commandArg } from '../schemas/args.ts';
import type { Command, CommandContext } from '../schemas/command.ts';
import { authoritySigner, organisationSigner } from '../tokens/signers.ts';
import { keepDelegations, prepareToKeep } from './keep-delegations.ts';

/** Tokens of UCAN 0.8 to 0.10, and what their abilities are called now. */
export interface ImportLegacyArgs {
  /** At most 1,000 JWTs, and 224 KiB of text in all: they go into one invocation. */
  readonly tokens: readonly string[];
  /** Commands by ability, in which case does not count: `{"db/READ": "/db/read"}`. Without it nothing is issued. */
  readonly commands?: Readonly<Record<string, string>>;
}

/** What came of an import. */
export interface LegacyImportDocument {
  /** How many are new here. */
  readonly imported: number;
  /** How many were here already. */
  readonly known: number;
  /** Those that were not kept, by their place in the list; `reason` completes the sentence "The token …". */
  readonly refused: readonly { readonly index: number; readonly reason: string }[];
  /** CIDs of the delegations that were issued in their place. */
  readonly reissued: readonly string[];
}

/** Bytes of the tokens of one import, which are part of an invocation. */
export const maxLegacyBytes: number = 224 * 1024;

const maxTokens = 1000;
const maxAbilityCharacters = 1024;
// Of one token.
const maxReissued = 32;

const commandsArg = z
  .record(z.string().min(1).max(maxAbilityCharacters), commandArg)
  .refine((commands) => commandsByAbility(commands).size === Object.keys(commands).length, {
    message: 'must name each ability once: case does not count in it',
  });

/**
 * Keeps tokens of UCAN 0.8 to 0.10, which are never accepted for authorisation: each that is well formed and signed by
 * its issuer, whether it has expired or not, and whatever its proofs are. Others are refused one by one.
 *
 * A token is re-issued, once, as a delegation of UCAN 1.0 for each capability, by the same issuer about itself, to the
 * same audience, for the same time and the one resource. That is done where this database holds the issuer's key, the
 * token has not expired and needs no proofs, and every capability of it can be stated: its ability has a command, no
 * caveat narrows it, and its resource is one resource rather than a wildcard or a reference to other tokens; there are at
 * most 32. The row of the token notes the CID of the first of its delegations. What was revoked elsewhere is not known here.
 */
export const importLegacyTokens: Command<'authority', ImportLegacyArgs, LegacyImportDocument> = {
  name: '/ucan/import-legacy',
  summary: 'Keep tokens of UCAN 0.8 to 0.10 as a record, and issue new ones in their place where that can be done',
  subject: 'authority',
  access: 'write',
  route: { method: 'POST', path: '/api/legacy-tokens' },
  args: z.strictObject({
    tokens: z
      .array(z.string())
      .max(maxTokens)
      .refine((tokens) => sumOfBytes(tokens) <= maxLegacyBytes, `must be ${maxLegacyBytes} bytes at most, in all`)
      .describe('JWTs'),
    commands: commandsArg.describe('Which command takes the place of which ability').exactOptional(),
  }),
  result: z.strictObject({
    imported: z.int().min(0).describe('How many are new here'),
    known: z.int().min(0).describe('How many were here already'),
    refused: z.array(z.strictObject({ index: z.int().min(0), reason: z.string() })),
    reissued: z.array(cidText).describe('The delegations that were issued in their place'),
  }),
  async prepare(context, args): Promise<readonly ReadToken[]> {
    const { transaction, budget, powerRoot: root, now } = context;
    const { tokens, commands = {} } = args;
    budget.spend('tokens', tokens.length);
    await requireAllowance(transaction, drawOf(root, tokens), toSeconds(now));
    const reissuer = { context, commands: commandsByAbility(commands), signers: await listSigners(context) };
    const read: ReadToken[] = [];
    for (const text of tokens) read.push(await readOne(reissuer, text));
    return read;
  },
  async run(context, { tokens }) {
    const { transaction, powerRoot: root, now } = context;
    await takeLock(transaction, 'ucan/legacy');
    await drawAllowance(transaction, drawOf(root, tokens), toSeconds(now), null);
    const counts = { imported: 0, known: 0 };
    const refused: { index: number; reason: string }[] = [];
    const reissued: string[] = [];
    for (const [index, read] of (context.prepared as readonly ReadToken[]).entries()) {
      if (typeof read === 'string') refused.push({ index, reason: read });
      else {
        counts[(await insertLegacyToken(transaction, read.row)) ? 'imported' : 'known']++;
        reissued.push(...(await reissue(context, read)));
      }
    }
    const told = { refused: refused.length, reissued: reissued.length };
    context.emit('ucan.legacy.imported', { ...counts, ...told });
    return { ...counts, refused, reissued };
  },
};

/** A token with what takes its place, or why it is refused. */
type ReadToken = { readonly row: LegacyTokenRow; readonly delegations: readonly Delegation[] } | string;

function drawOf(root: string | undefined, tokens: readonly string[]): Draw {
  return { root, kind: 'stored_bytes', amount: sumOfBytes(tokens) };
}

function sumOfBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + encodeUtf8(text).length, 0);
}

interface Reissuer {
  readonly context: CommandContext;
  readonly commands: ReadonlyMap<string, string>;
  /** By DID. */
  readonly signers: ReadonlyMap<string, Signer>;
}

async function readOne(reissuer: Reissuer, text: string): Promise<ReadToken> {
  const token = await verify(text, reissuer.context.budget);
  if (typeof token === 'string') return token;
  reissuer.context.budget.spend('rows_written');
  const row = toRow(token, reissuer.context.now);
  return { row, delegations: await signInPlace(reissuer, token, row.tokenDigest) };
}

/** The token, or why it is refused. */
async function verify(text: string, budget: Budget): Promise<LegacyToken | string> {
  try {
    const token = decodeLegacyToken(text, budget);
    return (await verifyLegacySignature(token, budget)) ? token : 'is not signed by its issuer';
  } catch (error) {
    if (error instanceof HanaperError && error.code !== 'too_large') return String(error.details['reason']);
    throw error;
  }
}

/** The delegations that take the place of a token, ready to be kept. */
async function signInPlace(
  { context, commands, signers }: Reissuer,
  token: LegacyToken,
  digest: string,
): Promise<readonly Delegation[]> {
  const signer = signers.get(token.issuer);
  const claims = signer ? claimsOf(token, commands, toSeconds(context.now)) : [];
  if (signer === undefined || claims.length === 0 || (await isReissued(context.transaction, digest))) return [];
  const delegations: Delegation[] = [];
  for (const each of claims) {
    drawForSignature(signer.keyType, context.budget);
    delegations.push(await signDelegation(signer, each));
  }
  await prepareToKeep(context, delegations);
  return delegations;
}

async function reissue(context: CommandContext, { row, delegations }: Exclude<ReadToken, string>): Promise<string[]> {
  const { transaction, emit } = context;
  if (delegations.length === 0 || (await isReissued(transaction, row.tokenDigest))) return [];
  for (const { cid, issuer, audience, subject, command } of delegations) {
    emit('ucan.delegation.issued', { cid: formatCid(cid), issuer, audience, subject, command });
  }
  await keepDelegations(context, delegations);
  const cids = delegations.map(({ cid }) => formatCid(cid));
  await setReissuedCid(transaction, row.tokenDigest, required(cids[0], 'CID of what was issued'));
  return cids;
}

/** What takes the place of a token: a delegation for each of its capabilities, or nothing where one cannot be stated. */
function claimsOf(token: LegacyToken, commands: ReadonlyMap<string, string>, now: number): readonly DelegationClaims[] {
  const { issuer, audience, notBefore, expiration, proofs, capabilities } = token;
  // What comes from proofs is another's power, which the issuer's own delegation would not give.
  if (proofs.length > 0 || (expiration !== null && now > expiration)) return [];
  const claims = new Map<string, DelegationClaims>();
  for (const capability of capabilities) {
    const command = commands.get(capability.ability.toLowerCase());
    const resource = statedResource(capability.resource);
    if (command === undefined || resource === undefined || isNarrowed(token, capability)) return [];
    const policy = [['==', '.resource', resource]];
    const claim = { audience, subject: issuer, command, policy, notBefore, expiration };
    claims.set(JSON.stringify([command, resource]), claim);
  }
  return claims.size <= maxReissued ? [...claims.values()] : [];
}

const references = /^(prf|as|ucan|my):/i;
const parenthood = /^my:(?=[a-z][a-z\d+.-]*:.)/i;

/** The one resource that a URI names; `undefined` for wildcards, and where it points to other tokens. */
function statedResource(uri: string): string | undefined {
  // UCAN 0.9, section 4.2.1: `my:` before a URI says that it is the issuer's own.
  const resource = uri.replace(parenthood, '');
  return references.test(resource) || resource.includes('*') ? undefined : resource;
}

// UCAN 0.10, section 3.2.6.3: `[{}]` narrows nothing, and `[]` allows nothing.
function isNarrowed({ version }: LegacyToken, { caveats }: LegacyCapability): boolean {
  if (version.startsWith('0.10')) return !(Array.isArray(caveats) && caveats.some(isEmptyMap));
  return caveats !== undefined && !isEmptyMap(caveats);
}

function isEmptyMap(value: unknown): boolean {
  return isJsonMap(value) && Object.keys(value).length === 0;
}

async function listSigners({ transaction, vault }: CommandContext): Promise<ReadonlyMap<string, Signer>> {
  const open = vault();
  const organisations = (await listOrganizations(transaction)).map((row) => organisationSigner(open, row));
  return new Map([authoritySigner(open), ...organisations].map((signer) => [signer.did, signer]));
}

function commandsByAbility(commands: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(commands).map(([ability, command]) => [ability.toLowerCase(), command]));
}

function toRow(token: LegacyToken, now: string): LegacyTokenRow {
  const { raw, version, issuer, audience, expiration, notBefore } = token;
  return {
    tokenDigest: encodeHex(sha256(encodeUtf8(raw))),
    rawToken: raw,
    version,
    iss: issuer,
    aud: audience,
    exp: expiration,
    nbf: notBefore ?? null,
    reissuedCid: null,
    createdAt: now,
  };
}
