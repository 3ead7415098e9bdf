import { decodeUtf8 } from './bytes.ts';

/**
 * Parses JSON: a text, or its bytes in UTF-8. Returns `undefined` for anything else: the parser's own error would quote it,
 * and with it a secret.
 */
export function parseJson(json: string | Uint8Array): unknown {
  const text = typeof json === 'string' ? json : decodeUtf8(json);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
