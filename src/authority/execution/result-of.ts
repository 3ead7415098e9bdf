import { HanaperError, isErrorCode } from '../../errors.ts';
import { toJsonValue } from '../../ucan/encoding/dag-json.ts';
import type { ReceiptOutcome } from '../../ucan/token/receipt.ts';
import type { Answer } from './execute.ts';

/**
 * What was read, or what came of what was done, as JSON.
 *
 * @throws HanaperError why it was refused
 */
export function resultOf(answer: Answer): unknown {
  if (answer.kind === 'result') return answer.result;
  if (answer.refusal) throw answer.refusal;
  return valueOfReceipt(answer.receipt.out);
}

/**
 * The value that a receipt tells of, as JSON.
 *
 * @throws HanaperError the error that it tells of
 */
function valueOfReceipt(out: ReceiptOutcome): unknown {
  if ('ok' in out) return toJsonValue(out.ok);
  const { code, message } = out.error;
  throw new HanaperError(isErrorCode(code) ? code : 'internal', message);
}
