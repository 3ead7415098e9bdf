/**
 * Bytes and their text forms. Every decoder is strict: it takes exactly one spelling of each value,
 * and returns `undefined` for any other, so that the caller names the error in its own words.
 */
import { decodeText, encodeText } from '#crypto/base64';

export { decodeBase64Ascii, decodeBase64UrlAscii, encodeBase64Ascii, encodeBase64UrlAscii } from './base64.ts';

const hexDigits = '0123456789abcdef';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a string. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes, a byte-order mark kept; `undefined` where they are not well-formed. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexDigits.charAt(byte >> 4) + hexDigits.charAt(byte & 15);
  return text;
}

/** The bytes of lower-case hexadecimal text. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigits.indexOf(text.charAt(2 * i));
    const low = hexDigits.indexOf(text.charAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** Standard, padded base64 (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return encodeText(bytes, 'base64');
}

/** The bytes of standard, padded base64: no white space, no stray bits. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeText(text, 'base64');
}

/** Base64url without padding (RFC 4648, section 5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeText(bytes, 'base64url');
}

/** The bytes of unpadded base64url: no white space, no stray bits. */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeText(text, 'base64url');
}

/** One array of all the parts, in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Whether both hold the same bytes, in time that depends on their lengths alone. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  return difference === 0;
}
