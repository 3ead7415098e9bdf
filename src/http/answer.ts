import type { Context } from 'hono';
import type { Answer } from '../authority/execute.ts';
import { resultOf } from '../authority/result-of.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import { respondProblem } from './problems.ts';
import { type HeaderRecord, respondJson } from './respond.ts';

/** Answers a plain route: the result itself, or the problem that a receipt tells of. */
export function answerPlainly(context: Context, answer: Answer): Response {
  const headers = receiptHeaders(answer);
  try {
    return respondJson(context, resultOf(answer), 200, headers);
  } catch (error) {
    if (!(error instanceof HanaperError)) throw error;
    context.error = error;
    return respondProblem(context, error, headers);
  }
}

/** Which receipt an answer has, and whether it was there before. */
export function receiptHeaders(answer: Answer): HeaderRecord {
  if (answer.kind === 'result') return {};
  const cid = formatCid(answer.receipt.invocation.cid);
  return { 'Hanaper-Receipt': cid, ...(answer.isReplay && { 'Hanaper-Replay': 'true' }) };
}
