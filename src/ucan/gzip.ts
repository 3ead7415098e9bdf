import type { Budget } from '../budget.ts';
import { concatBytes } from '../bytes.ts';
import { malformedToken } from './malformed.ts';

/** Zips bytes (RFC 1952). */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return collect(streamOf(bytes).pipeThrough(new CompressionStream('gzip')), Number.POSITIVE_INFINITY);
}

/**
 * Unzips bytes, and stops as soon as there are more than `most`, or more than the budget has left.
 *
 * @throws HanaperError `malformed_token`, `too_large`
 */
export async function gunzip(bytes: Uint8Array, most: number, budget?: Budget): Promise<Uint8Array<ArrayBuffer>> {
  return collect(streamOf(bytes).pipeThrough(new DecompressionStream('gzip')), most, budget);
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  most: number,
  budget?: Budget,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await read(reader);
    if (done) return concatBytes(...parts);
    length += value.length;
    try {
      if (length > most) throw malformedToken(`is a container that unzips to more than ${most} bytes`);
      budget?.spend('held_bytes', value.length);
    } catch (error) {
      await reader.cancel();
      throw error;
    }
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
