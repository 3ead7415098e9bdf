import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import type { Authority } from '../authority/authority.ts';
import { unlockDatabase } from '../authority/commands/database.ts';
import { type Answer, checkRequest } from '../authority/execute.ts';
import { findHostedDid } from '../authority/find-hosted-did.ts';
import { decodeRequest, type Request } from '../authority/request.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import { type ContainerEncoding, encodeContainer, encodingOf } from '../ucan/container.ts';
import { toJsonValue } from '../ucan/dag-json.ts';
import type { Receipt } from '../ucan/receipt.ts';
import { verifyToken } from '../ucan/verified.ts';
import { receiptHeaders } from './answer.ts';
import { readBody, requireType } from './body.ts';
import { noteRefusal } from './problems.ts';
import { proofHeader } from './proof-header.ts';
import { readQuery } from './query.ts';
import { type HeaderRecord, respond, respondJson } from './respond.ts';
import type { Service } from './service.ts';
import { statusOf } from './statuses.ts';

/** The media type of a container. */
const containerType = 'application/vnd.ucan.container';

const jsonType = 'application/json';

const requestTypes = [containerType, 'application/octet-stream', 'application/vnd.ipld.dag-cbor', 'text/plain'];

/** Adds `POST /api/invoke`: a container with an invocation in, its receipt's container or readable JSON out. */
export function addInvoke(app: Hono, service: Service): void {
  app.post('/api/invoke', async (context) => {
    const authority = service.authority();
    requireType(context, requestTypes);
    const container = trimEnd(await readBody(context));
    const request = await decodeRequest(container, await authority.knownDelegations());
    const name = new Map(readQuery(context)).get('org');
    // What is hosted here is not for those to find out who sign nothing.
    if (name !== undefined) await verifyToken(request.invocation);
    if (name !== undefined) await requireSubject(service, request, name);
    const answer = await execute(authority, request);
    const headers = { ...receiptHeaders(answer), ...(await proofHeader(context, authority, answer)) };
    return answerWith(context, answer, { encoding: encodingOf(container) ?? 'raw', headers });
  });
}

/** Executes a request. What opens the vault has a passphrase beside it, for which there is no room here. */
async function execute(authority: Authority, request: Request): Promise<Answer> {
  if (request.invocation.command !== unlockDatabase.name) return authority.executeRequest(request);
  const before = await checkRequest(authority, unlockDatabase, request);
  if (before) return before;
  const { path } = unlockDatabase.route;
  throw new HanaperError('bad_input', `The passphrase goes beside this invocation: send both to POST ${path}.`, {
    reason: 'passphrase',
  });
}

// The caller knows the organisation by a name, and the invocation by a DID.
async function requireSubject(service: Service, { invocation }: Request, reference: string): Promise<void> {
  const did = await findHostedDid(service.authority(), reference);
  if (did === invocation.subject) return;
  throw new HanaperError(
    'subject_mismatch',
    `The subject of this invocation, ${invocation.subject}, is not the organisation "${reference.slice(0, 100)}".`,
    { subject: invocation.subject, organisation: reference.slice(0, 100) },
  );
}

async function answerWith(
  context: Context,
  answer: Answer,
  { encoding, headers }: { readonly encoding: ContainerEncoding; readonly headers: HeaderRecord },
): Promise<Response> {
  if (answer.kind === 'result') return respondJson(context, { result: answer.result }, 200, headers);
  const { receipt } = answer;
  const status = noteOutcome(context, receipt);
  if (wantsJson(context)) return respondJson(context, { receipt: describeReceipt(receipt) }, status, headers);
  const body = await encodeContainer([receipt.invocation.bytes], encoding);
  return respond(context, status, body, { 'Content-Type': containerType, ...headers });
}

/** The status of what a receipt tells of. */
function noteOutcome(context: Context, { out }: Receipt): number {
  if ('ok' in out) return 200;
  const { code, message } = out.error;
  noteRefusal(context, { code, error: message });
  return statusOf(code);
}

function wantsJson(context: Context): boolean {
  return (
    accepts(context, { header: 'Accept', supports: [containerType, jsonType], default: containerType }) === jsonType
  );
}

function describeReceipt({ invocation, ran, executor, out }: Receipt): object {
  return {
    cid: formatCid(invocation.cid),
    ran: formatCid(ran),
    executor,
    issued_at: invocation.issuedAt ?? null,
    out: 'ok' in out ? { ok: toJsonValue(out.ok) } : out,
  };
}

// A file of text ends in a newline.
function trimEnd(bytes: Uint8Array): Uint8Array {
  const encoding = encodingOf(bytes);
  if (encoding === undefined || encoding.startsWith('raw')) return bytes;
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}
