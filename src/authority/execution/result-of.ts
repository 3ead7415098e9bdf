import { valueOfReceipt } from '../../ucan/token/receipt.ts';
import type { Answer } from './execute.ts';

/**
 * What was read, or the result of what was done, as JSON.
 *
 * @throws HanaperError why it was refused
 */
export function resultOf(answer: Answer): unknown {
  if (answer.kind === 'result') return answer.result;
  if (answer.refusal) throw answer.refusal;
  return valueOfReceipt(answer.receipt);
}
