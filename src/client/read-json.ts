import { parseJson } from '../parse-json.ts';
import { clientLimits } from './limits.ts';

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const opening = [0x5b, 0x7b];
const closing = [0x5d, 0x7d];

/**
 * What an answer holds as JSON; `undefined` if it is not JSON, or has more values or levels than an answer of a Hanaper
 * server.
 */
export function readJson({ bytes }: { readonly bytes: Uint8Array }): unknown {
  return isModest(bytes) ? parseJson(bytes) : undefined;
}

/** Whether a value is a map of JSON. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Each value but the first follows a comma or a bracket. They are counted before any is built: two bytes can become a
// hundred.
function isModest(bytes: Uint8Array): boolean {
  let values = 1;
  let depth = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte === quote) index = endOfText(bytes, index);
    else if (byte === comma) values++;
    else if (opening.includes(byte)) {
      values++;
      depth++;
    } else if (closing.includes(byte)) depth--;
    if (values > clientLimits.values || depth > clientLimits.depth) return false;
  }
  return true;
}

function endOfText(bytes: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < bytes.length && bytes[index] !== quote) index += bytes[index] === backslash ? 2 : 1;
  return index;
}
