import { concatBytes } from '../bytes.ts';
import { malformedToken } from './malformed.ts';

/** Zips bytes (RFC 1952). */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return collect(streamOf(bytes).pipeThrough(new CompressionStream('gzip')), Number.POSITIVE_INFINITY);
}

/**
 * Unzips bytes, and stops as soon as there are more than `most`.
 *
 * @throws HanaperError `malformed_token`
 */
export async function gunzip(bytes: Uint8Array, most: number): Promise<Uint8Array<ArrayBuffer>> {
  return collect(streamOf(bytes).pipeThrough(new DecompressionStream('gzip')), most);
}

async function collect(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await read(reader);
    if (done) return concatBytes(...parts);
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw malformedToken(`is a container that unzips to more than ${most} bytes`);
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
