import type { Context } from 'hono';
import type { Answer } from '../authority/execute.ts';
import { resultOf } from '../authority/result-of.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import { respondProblem } from './problems.ts';
import { type HeaderRecord, respondJson } from './respond.ts';

/** The headers of a receipt: its CID, and whether it was there before. */
export function receiptHeaders(answer: Answer): HeaderRecord {
  if (answer.kind === 'result') return {};
  const { receipt, isReplay } = answer;
  return { 'Hanaper-Receipt': formatCid(receipt.invocation.cid), ...(isReplay && { 'Hanaper-Replay': 'true' }) };
}

/** Answers with a result alone, or with the problem that a receipt tells of. */
export function answerPlainly(context: Context, answer: Answer): Response {
  const headers = receiptHeaders(answer);
  try {
    return respondJson(context, resultOf(answer), 200, headers);
  } catch (error) {
    if (!(error instanceof HanaperError)) throw error;
    return respondProblem(context, error, headers);
  }
}
