import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { concatBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { bodyBytes } from './limits.ts';

/**
 * Reads the body of a request, and no more of it than may be: whatever its length is said to be, or where it is not.
 *
 * @throws HanaperError `too_large`, `bad_input` where it is compressed or ends too early
 */
export async function readBody(context: Context, most: number = bodyBytes): Promise<Uint8Array> {
  requireReadable(context, most);
  const incoming = incomingOf(context);
  return incoming ? readIncoming(incoming, most) : readStream(context.req.raw.body, most);
}

/**
 * Refuses a body by what its headers say of it.
 *
 * @throws HanaperError `too_large`, `bad_input`
 */
export function requireReadable(context: Context, most: number): void {
  const length = context.req.header('content-length');
  if (length !== undefined && Number(length) > most) throw tooLarge(most);
  const encoding = context.req.header('content-encoding');
  if (encoding === undefined || encoding === 'identity') return;
  throw new HanaperError(
    'bad_input',
    'Compressed bodies are not taken. A container can be zipped in itself: use an encoding with gzip.',
    { reason: 'content encoding' },
  );
}

/**
 * Refuses any other media type, which is compared without its parameters.
 *
 * @throws HanaperError `bad_input`
 */
export function requireContentType(context: Context, accepted: readonly string[]): void {
  const [type = ''] = (context.req.header('content-type') ?? '').split(';');
  if (accepted.includes(type.trim().toLowerCase())) return;
  throw new HanaperError('bad_input', `Send the body with Content-Type: ${accepted.join(' or ')}.`, {
    reason: 'content type',
    accepted,
  });
}

function incomingOf({ env }: Context): IncomingMessage | undefined {
  return typeof env === 'object' && env !== null && 'incoming' in env ? (env.incoming as IncomingMessage) : undefined;
}

// Past the streams of the web, which cost more than many a request.
function readIncoming(incoming: IncomingMessage, most: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const onData = (chunk: Uint8Array) => {
      length += chunk.length;
      if (length <= most) chunks.push(chunk);
      else finish(() => reject(tooLarge(most)));
    };
    const onEnd = () => finish(() => resolve(join(chunks)));
    const onCut = () => finish(() => reject(cutOff()));
    const finish = (settle: () => void) => {
      incoming.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      // What becomes of the rest is the server's business, but not an error of nobody's.
      incoming.on('error', () => undefined);
      settle();
    };
    incoming.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
    if (incoming.readableEnded) onEnd();
    else if (incoming.destroyed) onCut();
  });
}

async function readStream(stream: ReadableStream<Uint8Array> | null, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (stream === null) return join(chunks);
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > most) throw tooLarge(most);
    chunks.push(chunk);
  }
  return join(chunks);
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0), ...others] = chunks;
  return others.length === 0 ? first : concatBytes(first, ...others);
}

function tooLarge(most: number): HanaperError {
  return new HanaperError('too_large', `The body has more than ${most} bytes.`, { most_bytes: most });
}

function cutOff(): HanaperError {
  return new HanaperError('bad_input', 'The body ended before it was complete.', { reason: 'truncated' });
}
