import { HanaperError, isErrorCode } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import { toJsonValue } from '../ucan/dag-json.ts';
import { decodeInvocation, type Invocation } from '../ucan/invocation.ts';
import { type Receipt, readReceipt } from '../ucan/receipt.ts';
import { unpackTokens } from '../ucan/tokens.ts';
import { verifyToken } from '../ucan/verified.ts';
import { foreignAnswer, isRecord, readJson, refusalOf } from './problem.ts';
import type { RawAnswer } from './transport.ts';

/** The media type of a container. */
export const containerType = 'application/vnd.ucan.container';

/** What came of a request: what was read, or the verified receipt of what was done. */
export type ClientAnswer =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'receipt'; readonly receipt: Receipt; readonly isReplay: boolean };

/** Whose answer to what is expected. */
export interface Asked {
  readonly server: string;
  /** DID of the authority. */
  readonly authority: string;
  readonly invocation: Invocation;
}

/**
 * Reads the answer to an invocation. A receipt counts only as the authority's own word about that very invocation.
 *
 * @throws HanaperError the refusal that it tells of, `invalid_token_signature`, `authority_changed`, `invalid_claim`,
 * `malformed_token`, `unavailable`
 */
export async function readAnswer(answer: RawAnswer, asked: Asked): Promise<ClientAnswer> {
  if (answer.type === containerType) {
    const receipt = await readOwnReceipt(answer, asked);
    return { kind: 'receipt', receipt, isReplay: answer.headers.get('hanaper-replay') === 'true' };
  }
  if (answer.status !== 200) throw refusalOf(answer, asked.server);
  const document = answer.type === 'application/json' ? readJson(answer) : undefined;
  if (isRecord(document) && Object.hasOwn(document, 'result')) return { kind: 'result', result: document['result'] };
  throw foreignAnswer(answer, asked.server);
}

/**
 * The value that an answer tells of, as JSON.
 *
 * @throws HanaperError the error that a receipt tells of
 */
export function resultOf(answer: ClientAnswer): unknown {
  if (answer.kind === 'result') return answer.result;
  const { out } = answer.receipt;
  if ('ok' in out) return toJsonValue(out.ok);
  const { code, message } = out.error;
  if (isErrorCode(code)) throw new HanaperError(code, message);
  throw new HanaperError('internal', message, { server_code: code.slice(0, 100) });
}

async function readOwnReceipt(answer: RawAnswer, { server, authority, invocation }: Asked): Promise<Receipt> {
  const [token, ...others] = await unpackTokens(answer.bytes);
  if (token === undefined || others.length > 0) throw foreignAnswer(answer, server);
  const receipt = readReceipt(decodeInvocation(token));
  if (receipt.executor !== authority) throw notTheirs(server, authority, receipt);
  await verifyToken(receipt.invocation);
  if (receipt.ran.equals(invocation.cid)) return receipt;
  throw new HanaperError(
    'invalid_claim',
    `${server} answers with the receipt of ${formatCid(receipt.ran)}, which is not what it was asked for. Whether that was done is not known.`,
    { server, expected: formatCid(invocation.cid), actual: formatCid(receipt.ran) },
  );
}

function notTheirs(server: string, expected: string, { executor }: Receipt): HanaperError {
  return new HanaperError(
    'authority_changed',
    `${server} answers with a receipt of ${executor}, but it is the server of ${expected}. Do not rely on it.`,
    { server, expected, actual: executor },
  );
}
