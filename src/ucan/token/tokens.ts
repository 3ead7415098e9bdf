import type { Budget } from '../../budget.ts';
import { decodeBase64, decodeBase64Url, decodeUtf8 } from '../../bytes.ts';
import { required } from '../../required.ts';
import { decodeContainer, encodeContainer, isContainer } from '../encoding/container.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import { type Delegation, readDelegation } from './delegation.ts';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import { type Invocation, readInvocation } from './invocation.ts';

const envelopeHead = 0x82;
// The letter g: how 0x82 begins in base64 and base64url.
const base64Head = 0x67;
// How {" begins in base64url.
const jwtStart = 'ey';

/**
 * Reads a token, whichever it is.
 *
 * @throws HanaperError `malformed_token`
 */
export function decodeToken(bytes: Uint8Array): Delegation | Invocation {
  return readToken(decodeEnvelope(bytes));
}

/**
 * Reads a token, whichever it is, from its envelope.
 *
 * @throws HanaperError `malformed_token`
 */
export function readToken(envelope: Envelope): Delegation | Invocation {
  return envelope.kind === 'delegation' ? readDelegation(envelope) : readInvocation(envelope);
}

/**
 * The bytes of the tokens in a file: a container in any of its six encodings, or one token, raw or in base64 or base64url.
 *
 * @throws HanaperError `malformed_token`, `too_large` where the budget ends
 */
export async function unpackTokens(file: Uint8Array, budget?: Budget): Promise<readonly Uint8Array[]> {
  if (file[0] === envelopeHead) return [file];
  if (file.length > limits.containerBytes) throw malformedToken(`is larger than ${limits.containerBytes} bytes`);
  if (isContainer(file)) return unpackContainer(file, budget);
  const text = decodeUtf8(trimEnd(file));
  const token = text === undefined ? undefined : (decodeBase64(text) ?? decodeBase64Url(text));
  if (token?.[0] === envelopeHead) return [token];
  if (text?.startsWith(jwtStart)) throw malformedToken('is a JWT, as UCAN had them before 1.0', { offset: 0 });
  throw malformedToken('is neither a container nor a token in raw, base64 or base64url form', { offset: 0 });
}

/**
 * The tokens in a container as a file or a body holds it: one of text may end with white space.
 *
 * @throws HanaperError `malformed_token`, `too_large` where the budget ends
 */
export function unpackContainer(file: Uint8Array, budget?: Budget): Promise<readonly Uint8Array[]> {
  return decodeContainer(isText(file) ? trimEnd(file) : file, budget);
}

/** Tokens as one text: a container in base64url. To zip it takes longer than to find what is in it. */
export async function packTokens(tokens: readonly { readonly bytes: Uint8Array }[]): Promise<string> {
  const bytes = tokens.map((token) => token.bytes);
  return required(decodeUtf8(await encodeContainer(bytes, 'base64url')), 'text of a container');
}

/** Whether bytes begin as {@link unpackTokens} would have them: a container, or a token raw or in base64. */
export function looksLikeTokens(head: Uint8Array): boolean {
  return head[0] === envelopeHead || head[0] === base64Head || isContainer(head);
}

/** Sorts tokens by what they are. */
export function partitionTokens(tokens: readonly (Delegation | Invocation)[]): {
  readonly delegations: readonly Delegation[];
  readonly invocations: readonly Invocation[];
} {
  return {
    delegations: tokens.filter((token) => token.kind === 'delegation'),
    invocations: tokens.filter((token) => token.kind === 'invocation'),
  };
}

// The marks of the text encodings are letters of ASCII: B, C, O and P.
function isText([mark = 0]: Uint8Array): boolean {
  return [0x42, 0x43, 0x4f, 0x50].includes(mark);
}

// A file of text ends in a newline.
function trimEnd(file: Uint8Array): Uint8Array {
  let end = file.length;
  while (end > 0 && (file[end - 1] === 0x0a || file[end - 1] === 0x0d || file[end - 1] === 0x20)) end--;
  return file.subarray(0, end);
}
