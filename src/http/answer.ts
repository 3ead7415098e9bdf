import type { Context } from 'hono';
import type { Answer } from '../authority/execute.ts';
import { resultOf } from '../authority/result-of.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import { respondProblem } from './problems.ts';
import { type HeaderRecord, respondJson } from './respond.ts';

/** The headers of a receipt: its CID, the index of its entry where it was made now, and whether it was there before. */
export function receiptHeaders(answer: Answer): HeaderRecord {
  if (answer.kind === 'result') return {};
  const { receipt, index, isReplay } = answer;
  return {
    'Hanaper-Receipt': formatCid(receipt.invocation.cid),
    ...(index !== undefined && { 'Hanaper-Log-Index': String(index) }),
    ...(isReplay && { 'Hanaper-Replay': 'true' }),
  };
}

/** Answers with a result alone, or with the problem that a receipt tells of. */
export function answerPlainly(context: Context, answer: Answer, proof: HeaderRecord = {}): Response {
  const headers = { ...receiptHeaders(answer), ...proof };
  try {
    return respondJson(context, resultOf(answer), 200, headers);
  } catch (error) {
    if (!(error instanceof HanaperError)) throw error;
    return respondProblem(context, error, headers);
  }
}
