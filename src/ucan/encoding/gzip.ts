import type { Budget } from '../../budget.ts';
import { concatBytes } from '../../bytes.ts';
import { malformedToken } from '../malformed.ts';

/** Zips bytes (RFC 1952). */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return collect(streamOf(bytes).pipeThrough(new CompressionStream('gzip')), () => undefined);
}

/**
 * Unzips bytes, and stops as soon as there are more than `most`, or more than the budget has left. What the bytes say
 * themselves to unzip to is believed where it is too much.
 *
 * @throws HanaperError `malformed_token`, `too_large`
 */
export async function gunzip(bytes: Uint8Array, most: number, budget?: Budget): Promise<Uint8Array<ArrayBuffer>> {
  const stated = statedLength(bytes);
  const take = (before: number, length: number) => {
    if (length > most) throw malformedToken(`is a container that unzips to more than ${most} bytes`);
    budget?.spend('held_bytes', length - before);
  };
  take(0, stated);
  return collect(streamOf(bytes).pipeThrough(new DecompressionStream('gzip')), (before, length) => {
    if (length > stated) take(Math.max(before, stated), length);
  });
}

// RFC 1952, "ISIZE": the last four bytes, the least significant first.
function statedLength(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
}

/** `take` hears of each part before it is kept: how long all was before it, and is with it. */
async function collect(
  stream: ReadableStream<Uint8Array>,
  take: (before: number, length: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await read(reader);
    if (done) return concatBytes(...parts);
    try {
      take(length, length + value.length);
    } catch (error) {
      await reader.cancel();
      throw error;
    }
    length += value.length;
    parts.push(value);
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch {
    throw malformedToken('is a container whose body is no gzip', { offset: 1 });
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  });
}
