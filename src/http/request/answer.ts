import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { requireRefusal } from '../../attempt.ts';
import type { Answer } from '../../authority/execution/execute.ts';
import { resultOf } from '../../authority/execution/result-of.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { type ContainerEncoding, encodeContainer } from '../../ucan/encoding/container.ts';
import { toJsonValue } from '../../ucan/encoding/dag-json.ts';
import type { Receipt } from '../../ucan/token/receipt.ts';
import { noteRefusal, respondProblem } from './problems.ts';
import { type HeaderRecord, respond, respondJson } from './respond.ts';
import { statusOf } from './statuses.ts';

/** The media type of a container. */
export const containerType = 'application/vnd.ucan.container';

const jsonType = 'application/json';

/** The headers of a receipt: its CID, the index of its entry where it was made now, whether it was there before, and the remedy. */
function receiptHeaders(answer: Answer): HeaderRecord {
  if (answer.kind === 'result') return {};
  const { receipt, index, isReplay, refusal } = answer;
  return {
    'Hanaper-Receipt': formatCid(receipt.invocation.cid),
    ...(index !== undefined && { 'Hanaper-Log-Index': String(index) }),
    ...(isReplay && { 'Hanaper-Replay': 'true' }),
    ...(refusal?.details.remedy && { 'Hanaper-Remedy': refusal.details.remedy }),
  };
}

/** Answers with a result alone, or with the problem of a receipt. */
export function answerPlainly(context: Context, answer: Answer, proof: HeaderRecord = {}): Response {
  const headers = { ...receiptHeaders(answer), ...proof };
  try {
    return respondJson(context, resultOf(answer), 200, headers);
  } catch (error) {
    const refusal = requireRefusal(error);
    return respondProblem(context, refusal, headers);
  }
}

/** Answers with what was read, or with the signed receipt, in a container unless JSON is wanted. */
export async function answerInFull(
  context: Context,
  answer: Answer,
  { encoding, proof = {} }: { readonly encoding: ContainerEncoding; readonly proof?: HeaderRecord },
): Promise<Response> {
  const headers = { ...receiptHeaders(answer), ...proof };
  if (answer.kind === 'result') return respondJson(context, { result: answer.result }, 200, headers);
  const { receipt } = answer;
  const status = noteOutcome(context, receipt);
  if (preferredType(context, containerType) === jsonType) {
    return respondJson(context, { receipt: describeReceipt(receipt) }, status, headers);
  }
  const body = await encodeContainer([receipt.invocation.bytes], encoding);
  return respond(context, status, body, { 'Content-Type': containerType, ...headers });
}

/** The status of a receipt's result. */
function noteOutcome(context: Context, { out }: Receipt): number {
  if ('ok' in out) return 200;
  const { code, message } = out.error;
  noteRefusal(context, { code, error: message });
  return statusOf(code);
}

/** Whether the signed receipt is wanted where a plain result is the usual answer. */
export function wantsReceipt(context: Context): boolean {
  return preferredType(context, jsonType) === containerType;
}

function preferredType(context: Context, usual: string): string {
  return accepts(context, { header: 'Accept', supports: [containerType, jsonType], default: usual });
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
