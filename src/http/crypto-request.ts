import type { Context } from 'hono';
import type { Authority } from '../authority/authority.ts';
import type { Command } from '../authority/command.ts';
import type { Answer } from '../authority/execute.ts';
import { decodeRequest, type Request } from '../authority/request.ts';
import { resultOf } from '../authority/result-of.ts';
import { encodeUtf8, equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import { encodeDagCbor } from '../ucan/dag-cbor.ts';
import { toIpld } from '../ucan/ipld.ts';
import { respondJson } from './respond.ts';

/**
 * Takes the request out of the header `Authorization: Bearer CONTAINER`.
 *
 * @throws HanaperError `token_missing`, and what `decodeRequest` throws
 */
export async function readBearer(context: Context, authority: Authority): Promise<Request> {
  const [, container] = /^Bearer +([A-Za-z0-9+/=_-]+)$/i.exec(context.req.header('Authorization') ?? '') ?? [];
  if (container === undefined) throw tokenMissing();
  return decodeRequest(encodeUtf8(container), await authority.knownDelegations());
}

/**
 * Refuses an invocation of another command than the one that is asked for.
 *
 * @throws HanaperError `not_authorized`
 */
export function requireSameCommand<Args, Result>(
  { invocation }: Request,
  { name }: Command<'authority', Args, Result>,
): void {
  if (invocation.command !== name) throw anotherRequest('command', `it invokes ${invocation.command}, not ${name}`);
}

/**
 * Refuses an invocation with other arguments than those of the body; they are compared by their DAG-CBOR.
 *
 * @throws HanaperError `not_authorized`
 */
export function requireSameArgs({ invocation }: Request, args: unknown): void {
  const asked = encodeDagCbor(toIpld(args, 'body'));
  if (!equalBytes(encodeDagCbor(invocation.args), asked)) throw anotherRequest('body', 'it has other arguments');
}

/** Answers with what came of a request, and with the CID of its receipt. */
export function answerPlainly(context: Context, answer: Answer): Response {
  const headers = {
    ...(answer.kind === 'receipt' && { 'Hanaper-Receipt': formatCid(answer.receipt.invocation.cid) }),
    ...(answer.kind === 'receipt' && answer.isReplay && { 'Hanaper-Replay': 'true' }),
  };
  return respondJson(context, resultOf(answer), 200, headers);
}

function tokenMissing(): HanaperError {
  return new HanaperError(
    'token_missing',
    'This needs an invocation with its proofs, in the header "Authorization: Bearer CONTAINER".',
  );
}

function anotherRequest(field: string, how: string): HanaperError {
  return new HanaperError('not_authorized', `The invocation is for another request: ${how}.`, {
    reason: 'another request',
    field,
  });
}
