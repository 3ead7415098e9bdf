import type { Context } from 'hono';
import type { Authority } from '../authority/authority.ts';
import type { Command, CommandSubject } from '../authority/command.ts';
import type { Answer } from '../authority/execute.ts';
import { decodeRequest, type Request } from '../authority/request.ts';
import { resultOf } from '../authority/result-of.ts';
import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';

export async function readBearer(context: Context, authority: Authority): Promise<Request> {
  const header = context.req.header('Authorization');
  if (header === undefined) throw new HanaperError('token_missing', 'no token');
  return decodeRequest(encodeUtf8(header.slice(7)), await authority.knownDelegations());
}
export function requireSameCommand<A, R>({ invocation }: Request, command: Command<CommandSubject, A, R>): void {
  if (invocation.command !== command.name) throw new HanaperError('not_authorized', 'another');
}
export function requireSameArgs({ invocation }: Request, args: unknown): void {
  if (JSON.stringify(invocation.args) !== JSON.stringify(args)) throw new HanaperError('not_authorized', 'another');
}
export function answerPlainly(context: Context, answer: Answer): Response {
  if (answer.kind === 'receipt') context.header('Hanaper-Receipt', formatCid(answer.receipt.invocation.cid));
  return context.json(resultOf(answer) as object);
}
