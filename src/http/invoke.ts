import type { Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import type { Authority } from '../authority/authority.ts';
import type { Answer } from '../authority/execute.ts';
import { organisationDid } from '../authority/organisation-did.ts';
import { decodeRequest, type Request } from '../authority/request.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import { type ContainerEncoding, encodeContainer, encodingOf } from '../ucan/container.ts';
import { toJsonValue } from '../ucan/dag-json.ts';
import type { Receipt } from '../ucan/receipt.ts';
import { receiptHeaders } from './answer.ts';
import { isSameOrganisation } from './match-request.ts';
import { readBody, requireContentType } from './read-body.ts';
import { respond, respondJson } from './respond.ts';
import type { Service } from './service.ts';
import { statusOf } from './statuses.ts';

/** The media type of a container. */
export const containerType = 'application/vnd.ucan.container';

/** The media types in which a container is taken. */
export const containerTypes: readonly string[] = [
  containerType,
  'application/octet-stream',
  'application/vnd.ipld.dag-cbor',
  'text/plain',
];

/** A receipt as JSON. */
export interface ReceiptDocument {
  readonly cid: string;
  /** CID of the invocation. */
  readonly ran: string;
  readonly executor: string;
  readonly issued_at: string | null;
  readonly out: { readonly ok: unknown } | { readonly error: { readonly code: string; readonly message: string } };
}

/** Adds `POST /api/invoke`, the door itself: a container goes in, a receipt or what was read comes out. */
export function addInvoke(app: Hono, service: Service): void {
  app.post('/api/invoke', async (context) => {
    const authority = service.authority();
    requireContentType(context, containerTypes);
    const container = trimText(await readBody(context));
    const request = await decodeRequest(container, await authority.knownDelegations());
    await requireBelieved(context, authority, request);
    const answer = await authority.executeRequest(request);
    return answerInvoke(context, answer, encodingOf(container) ?? 'base64url');
  });
}

// A file of text ends in a newline, and is sent with it.
function trimText(container: Uint8Array): Uint8Array {
  if (encodingOf(container)?.startsWith('raw') !== false) return container;
  let end = container.length;
  while (end > 0 && (container[end - 1] === 0x0a || container[end - 1] === 0x0d)) end--;
  return container.subarray(0, end);
}

async function requireBelieved(context: Context, authority: Authority, { invocation }: Request): Promise<void> {
  const reference = context.req.query('org');
  if (reference === undefined) return;
  if (await isSameOrganisation(reference, invocation.subject, (name) => organisationDid(authority, name))) return;
  throw new HanaperError(
    'subject_mismatch',
    `The subject of this invocation, ${invocation.subject}, is not the organisation "${reference.slice(0, 100)}" of this authority.`,
    { cid: formatCid(invocation.cid), subject: invocation.subject },
  );
}

async function answerInvoke(context: Context, answer: Answer, encoding: ContainerEncoding): Promise<Response> {
  if (answer.kind === 'result') return respondJson(context, { result: answer.result });
  const { receipt, refusal } = answer;
  if (refusal) context.error = refusal;
  const status = 'ok' in receipt.out ? 200 : statusOf(receipt.out.error.code);
  const headers = receiptHeaders(answer);
  if (prefersJson(context)) return respondJson(context, { receipt: toDocument(receipt) }, status, headers);
  const container = await encodeContainer([receipt.invocation.bytes], encoding);
  return respond(context, status, container, { 'Content-Type': containerType, ...headers });
}

function prefersJson(context: Context): boolean {
  const json = 'application/json';
  return accepts(context, { header: 'Accept', supports: [containerType, json], default: containerType }) === json;
}

function toDocument({ invocation, ran, executor, out }: Receipt): ReceiptDocument {
  const { cid, issuedAt } = invocation;
  return {
    cid: formatCid(cid),
    ran: formatCid(ran),
    executor,
    issued_at: issuedAt === undefined ? null : new Date(issuedAt * 1000).toISOString(),
    out: 'ok' in out ? { ok: toJsonValue(out.ok) } : out,
  };
}
