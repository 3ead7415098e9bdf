import { decodeUtf8 } from '../bytes.ts';

/** What an answer holds as JSON; `undefined` where it is none. */
export function readJson({ bytes }: { readonly bytes: Uint8Array }): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? '');
  } catch {
    return undefined;
  }
}

/** Whether a value is a map of JSON. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
