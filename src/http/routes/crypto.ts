import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { attempt } from '../../attempt.ts';
import type { Authority } from '../../authority/authority.ts';
import {
  judgeSlot,
  type SlotVerdictDocument,
  slotArgs,
  unlockDatabase,
  validateSlot,
} from '../../authority/commands/database.ts';
import type { Answer } from '../../authority/execution/execute.ts';
import type { Request } from '../../authority/execution/request.ts';
import { didArg } from '../../authority/schemas/args.ts';
import { parseArgs } from '../../authority/schemas/parse-args.ts';
import { describeAuthority, type StatusDocument } from '../../authority/status.ts';
import { decodeDidKey } from '../../did/did-key.ts';
import { HanaperError } from '../../errors.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { packTokens } from '../../ucan/token/tokens.ts';
import { preparePassphrase } from '../../vault/passphrase.ts';
import { answerInFull, answerPlainly, wantsReceipt } from '../request/answer.ts';
import { readBearer } from '../request/bearer.ts';
import { requireSameArgs, requireSameCommand } from '../request/match-request.ts';
import { proofHeader } from '../request/proof-header.ts';
import { respondJson } from '../request/respond.ts';
import { readSecretBody, requirePassphrase } from '../request/secret-body.ts';
import { setupTokenHeader } from '../setup/setup-token.ts';
import { alreadyInitialized, MasterKey, type MasterKeyOptions } from './master-key.ts';

/** The operator of a new database, and a container with what was delegated to them, in base64url. */
interface OperatorDocument {
  readonly did: string;
  readonly delegations: string;
}

const operatorArgs = z.strictObject({ operator: didArg.exactOptional() });
const unlockArgs = z.strictObject({ method: z.enum(['passphrase', 'derived']).exactOptional() });

/** Adds the routes of the master key: `status`, `init`, `validate` and `unlock`. `lock` is a command like any other. */
export function mountCrypto(app: Hono, options: MasterKeyOptions): void {
  const masterKey = new MasterKey(options);
  app.get('/api/crypto/status', async (context) => respondJson(context, await readStatus(options)));
  app.post('/api/crypto/init', async (context) => {
    const operator = await initialize(context, options, masterKey);
    return respondJson(context, { ...(await readStatus(options)), ...(operator && { operator }) }, 201);
  });
  app.post('/api/crypto/validate', async (context) =>
    respondJson(context, await validate(context, options, masterKey)),
  );
  app.post('/api/crypto/unlock', (context) => unlock(context, options, masterKey));
}

// For everybody to see: neither the path of the database nor how many organisations it has.
async function readStatus({ service }: MasterKeyOptions): Promise<Omit<StatusDocument, 'database'>> {
  if (service.isMissing) return { initialized: false };
  const {
    database: _,
    key_slots: _slots,
    organisations: _count,
    ...status
  } = await describeAuthority(service.authority());
  return status;
}

async function initialize(
  context: Context,
  { service, callers }: MasterKeyOptions,
  masterKey: MasterKey,
): Promise<OperatorDocument | undefined> {
  if (service.isReady) throw alreadyInitialized();
  masterKey.requireSetupToken(context.req.header(setupTokenHeader), callers.addressOf(context));
  const body = await readSecretBody(context);
  const { operator, ...slot } = body.rest;
  const args = parseArgs(slotArgs, slot);
  const { operator: did } = parseArgs(operatorArgs, operator === undefined ? {} : { operator });
  if (did !== undefined) requirePrincipal(did);
  using passphrase = requirePassphrase(body);
  const delegations = await masterKey.initialize(args, passphrase, did);
  return did === undefined ? undefined : { did, delegations: await packTokens(delegations) };
}

// Before the passphrase is stretched.
function requirePrincipal(did: string): void {
  if (attempt(() => decodeDidKey(did)) !== undefined) return;
  throw new HanaperError('bad_input', 'operator must be the did:key of a key that signs tokens.', {
    field: 'operator',
  });
}

async function validate(
  context: Context,
  { service, callers }: MasterKeyOptions,
  masterKey: MasterKey,
): Promise<SlotVerdictDocument> {
  if (!service.isReady) masterKey.requireSetupToken(context.req.header(setupTokenHeader), callers.addressOf(context));
  const request = service.isReady ? await readBearer(context, service.authority()) : undefined;
  const { rest, passphrase } = await readSecretBody(context);
  const args = parseArgs(slotArgs, rest);
  let verdict = judgeSlot(args);
  if (request) {
    requireSameCommand(request, validateSlot);
    requireSameArgs(request, rest);
    const answer = await service.authority().executeRequest(request);
    if (answer.kind === 'result') verdict = answer.result as SlotVerdictDocument;
  }
  return await masterKey.validate(verdict, passphrase === undefined ? undefined : () => preparePassphrase(passphrase));
}

async function unlock(
  context: Context,
  { service, callers }: MasterKeyOptions,
  masterKey: MasterKey,
): Promise<Response> {
  const authority = service.authority();
  const isByToken = context.req.header('Authorization') !== undefined || !callers.isLocal(context);
  const request = isByToken ? await readBearer(context, authority) : undefined;
  if (request) requireSameCommand(request, unlockDatabase);
  const before = request && (await masterKey.admitUnlocking(request));
  if (before && authority.locked) throw lockedSince(request);
  if (before) return answerUnlocking(context, before, authority);
  const body = await readSecretBody(context);
  parseArgs(unlockArgs, body.rest);
  using passphrase = requirePassphrase(body);
  return await masterKey.unlock(passphrase, async () =>
    request
      ? answerUnlocking(context, await authority.executeRequest(request), authority)
      : respondJson(context, await authority.execute(unlockDatabase, {})),
  );
}

// Who has signed an invocation may want the word of the authority for it.
async function answerUnlocking(context: Context, answer: Answer, authority: Authority): Promise<Response> {
  const proof = await proofHeader(context, authority, answer);
  if (wantsReceipt(context)) return answerInFull(context, answer, { encoding: 'raw', proof });
  return answerPlainly(context, answer, proof);
}

// Its receipt reports what was done then; a caller here wants to know the present state.
function lockedSince({ invocation }: Request): HanaperError {
  return new HanaperError(
    'locked',
    'This invocation has opened the vault before, which was locked since: it opens nothing twice. Sign a new one.',
    { cid: formatCid(invocation.cid) },
  );
}
