import { requireRefusal } from '../attempt.ts';
import { HanaperError, isRemedy, type Remedy } from '../errors.ts';
import { formatCid } from '../ucan/encoding/cid.ts';
import { type Invocation, readInvocation } from '../ucan/token/invocation.ts';
import { type Receipt, readReceipt, valueOfReceipt } from '../ucan/token/receipt.ts';
import { verifyToken } from '../ucan/token/verified.ts';
import { foreignAnswer, problemType, refusalOf } from './problem.ts';
import { readContainer } from './read-container.ts';
import { isRecord, readJson } from './read-json.ts';
import type { RawAnswer } from './transport.ts';

/** The media type of a container. */
export const containerType = 'application/vnd.ucan.container';

/** What came of a request: what was read, or the verified receipt of what was done. */
export type ClientAnswer =
  | { readonly kind: 'result'; readonly result: unknown }
  | {
      readonly kind: 'receipt';
      readonly receipt: Receipt;
      readonly isReplay: boolean;
      /** What the server says to do next, where the receipt reports an error; the receipt does not sign it. */
      readonly remedy?: Remedy;
    };

/** Whose answer to what is expected. */
export interface Asked {
  readonly server: string;
  /** DID of the authority. */
  readonly authority: string;
  readonly invocation: Invocation;
  readonly access: 'read' | 'write';
}

/**
 * Reads the answer to an invocation. A write was done if a receipt of the authority about that very invocation says so; any
 * other answer that is no refusal leaves it open.
 *
 * @throws HanaperError the refusal that it reports, `unavailable`
 */
export async function readAnswer(answer: RawAnswer, asked: Asked): Promise<ClientAnswer> {
  if (asked.access === 'read') return { kind: 'result', result: readResult(answer, asked) };
  const receipt = await readReceiptOf(answer, asked);
  const remedy = answer.headers.get('hanaper-remedy');
  const isReplay = answer.headers.get('hanaper-replay') === 'true';
  return { kind: 'receipt', receipt, isReplay, ...(isRemedy(remedy) && { remedy }) };
}

/**
 * Reads the receipt of a write.
 *
 * @throws HanaperError the refusal that the answer reports, `unavailable`
 */
export async function readReceiptOf(answer: RawAnswer, asked: Omit<Asked, 'access'>): Promise<Receipt> {
  if (answer.type === problemType) throw refusalOf(answer, asked.server);
  try {
    return await openReceipt(answer, asked);
  } catch (error) {
    throw unproven(asked, requireRefusal(error));
  }
}

function readResult(answer: RawAnswer, { server }: Asked): unknown {
  if (answer.status !== 200) throw refusalOf(answer, server);
  const document = answer.type === 'application/json' ? readJson(answer) : undefined;
  if (isRecord(document) && Object.hasOwn(document, 'result')) return document['result'];
  throw foreignAnswer(answer, server);
}

/**
 * The value of an answer, as JSON.
 *
 * @throws HanaperError the error of a receipt
 */
export function resultOf(answer: ClientAnswer): unknown {
  if (answer.kind === 'result') return answer.result;
  try {
    return valueOfReceipt(answer.receipt);
  } catch (error) {
    throw withRemedy(requireRefusal(error), answer.remedy);
  }
}

function withRemedy(refusal: HanaperError, remedy: Remedy | undefined): HanaperError {
  if (remedy === undefined) return refusal;
  return new HanaperError(refusal.code, refusal.message, { ...refusal.details, remedy }, refusal);
}

async function openReceipt(
  answer: RawAnswer,
  { server, authority, invocation }: Omit<Asked, 'access'>,
): Promise<Receipt> {
  if (answer.type !== containerType) throw foreignAnswer(answer, server);
  const [token, ...others] = await readContainer(answer.bytes);
  if (token === undefined || others.length > 0) throw foreignAnswer(answer, server);
  const receipt = readReceipt(readInvocation(token));
  if (receipt.executor !== authority) throw notTheirs(server, authority, receipt);
  await verifyToken(receipt.invocation);
  if (receipt.ran.equals(invocation.cid)) return receipt;
  throw new HanaperError('invalid_claim', `${server} answers with the receipt of ${formatCid(receipt.ran)}.`, {
    server,
    expected: formatCid(invocation.cid),
    actual: formatCid(receipt.ran),
  });
}

function notTheirs(server: string, expected: string, { executor }: Receipt): HanaperError {
  return new HanaperError(
    'authority_changed',
    `${server} answers with a receipt of ${executor}, but it is the server of ${expected}. Do not rely on it.`,
    { server, expected, actual: executor },
  );
}

function unproven({ server, invocation }: Omit<Asked, 'access'>, cause: HanaperError): HanaperError {
  return new HanaperError(
    'unavailable',
    `${cause.message} No receipt of the authority came for ${formatCid(invocation.cid)}: whether it was done is not known. Look before you ask again.`,
    { ...cause.details, server, reason: cause.code === 'unavailable' ? 'no receipt' : cause.code, may_be_done: true },
    cause,
  );
}
