import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { concatBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { parseJson } from '../../parse-json.ts';
import { bodyBytes } from '../limits.ts';
import type { BodyShare } from './body-room.ts';

const shareVariable = 'bodyShare';

/** Gives a request its share of the room for bodies. */
export function setBodyShare(context: Context, share: BodyShare): void {
  context.set(shareVariable, share);
}

/**
 * Takes room for what is held while a body is waited for.
 *
 * @throws HanaperError `unavailable`
 */
export function takeRoom(context: Context, bytes: number): void {
  (context.get(shareVariable) as BodyShare | undefined)?.take(bytes);
}

/**
 * The body of a request, within bounds whatever its headers say.
 *
 * @throws HanaperError `too_large`, `bad_input` where it did not arrive whole
 */
export async function readBody(context: Context, most: number = bodyBytes): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await receiveBody(context, most, (part) => parts.push(part));
  return join(parts);
}

/**
 * Hands over the body of a request part by part, as it arrives, within bounds whatever its headers say.
 *
 * @throws HanaperError `too_large`, `unavailable` where too much is under way, `bad_input` where it did not arrive whole
 */
export async function receiveBody(context: Context, most: number, take: (part: Uint8Array) => void): Promise<void> {
  const length = context.req.header('Content-Length');
  if (length !== undefined && Number(length) > most) throw tooLarge(most);
  const share = context.get(shareVariable) as BodyShare | undefined;
  const takeCounted = (part: Uint8Array) => {
    share?.take(part.length);
    take(part);
  };
  try {
    const incoming = incomingOf(context);
    await (incoming
      ? receive(incoming, most, takeCounted)
      : takeParts(context.req.raw.body ?? nothing(), most, takeCounted));
  } catch (cause) {
    if (cause instanceof HanaperError) throw cause;
    throw new HanaperError('bad_input', 'The body of this request did not arrive whole.', { reason: 'body' }, cause);
  }
}

/**
 * The body as JSON, of at most so many bytes; an empty one is an empty object.
 *
 * @throws HanaperError `bad_input`, `too_large`
 */
export async function readJsonBody(context: Context, most: number = bodyBytes): Promise<unknown> {
  const bytes = await readBody(context, most);
  if (bytes.length === 0) return {};
  requireType(context, ['application/json', 'application/vnd.ipld.dag-json']);
  const value = parseJson(bytes);
  if (value !== undefined) return value;
  throw new HanaperError('bad_input', 'The body is not JSON.', { reason: 'not JSON' });
}

/**
 * Requires that a body is of one of some media types.
 *
 * @throws HanaperError `bad_input`
 */
export function requireType(context: Context, types: readonly string[]): void {
  const [type = ''] = (context.req.header('Content-Type') ?? '').split(';');
  if (types.includes(type.trim().toLowerCase())) return;
  throw new HanaperError('bad_input', `The Content-Type of this body must be ${types.join(' or ')}.`, {
    reason: 'content type',
    expected: types,
  });
}

function incomingOf({ env }: Context): IncomingMessage | undefined {
  return ((env ?? {}) as { readonly incoming?: IncomingMessage }).incoming;
}

// The connection itself gives its parts at less cost than a stream of the platform's around it. A reader that stops
// half-way closes it, and the answer with it.
function receive(incoming: IncomingMessage, most: number, take: (part: Uint8Array) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let length = 0;
  if (incoming.destroyed) reject(closed());
  let isRefused = false;
  incoming.on('data', (part: Uint8Array) => {
    length += part.length;
    if (isRefused) return;
    try {
      if (length > most) throw tooLarge(most);
      take(part);
    } catch (error) {
      // What is still to come is passed over.
      isRefused = true;
      reject(error);
    }
  });
  incoming.on('end', () => resolve());
  incoming.on('error', reject);
  // An error takes longer to make than a body to receive: only where it is needed.
  incoming.on('close', () => incoming.readableEnded || reject(closed()));
  return promise;
}

async function takeParts(
  stream: AsyncIterable<Uint8Array>,
  most: number,
  take: (part: Uint8Array) => void,
): Promise<void> {
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > most) throw tooLarge(most);
    take(part);
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = parts;
  return first && others.length === 0 ? first : concatBytes(...parts);
}

function closed(): Error {
  return new Error('the connection was closed');
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function tooLarge(most: number): HanaperError {
  return new HanaperError('too_large', `The body of this request has at most ${most} bytes.`, { most_bytes: most });
}
