/**
 * Bytes and their text forms. Every decoder is strict: it takes exactly one spelling of each value,
 * and returns `undefined` for any other, so that the caller names the error in its own words.
 */

const hexDigits = '0123456789abcdef';
const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const base64UrlAlphabet = `${base64Alphabet.slice(0, 62)}-_`;
const padding = 0x3d;

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

interface Base64Variant {
  readonly encode: Uint8Array;
  readonly decode: Int8Array;
  readonly padded: boolean;
}

const base64 = base64Variant(base64Alphabet, true);
const base64Url = base64Variant(base64UrlAlphabet, false);

function base64Variant(alphabet: string, padded: boolean): Base64Variant {
  const encode = encoder.encode(alphabet);
  const decode = new Int8Array(256).fill(-1);
  encode.forEach((character, value) => {
    decode[character] = value;
  });
  return { encode, decode, padded };
}

/** Standard, padded base64 (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return decoder.decode(encodeBase64Ascii(bytes));
}

/** The bytes of standard, padded base64: no white space, no stray bits. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeVariant(base64, encoder.encode(text));
}

/** Base64url without padding (RFC 4648, section 5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return decoder.decode(encodeVariant(base64Url, bytes));
}

/** The bytes of unpadded base64url: no white space, no stray bits. */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeVariant(base64Url, encoder.encode(text));
}

/** Like {@link encodeBase64}, but as ASCII bytes: for secrets, which must not become strings. */
export function encodeBase64Ascii(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeVariant(base64, bytes);
}

/** Like {@link decodeBase64}, but from ASCII bytes: for secrets, which must not become strings. */
export function decodeBase64Ascii(ascii: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  return decodeVariant(base64, ascii);
}

/** Like {@link encodeBase64Url}, but as ASCII bytes. */
export function encodeBase64UrlAscii(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeVariant(base64Url, bytes);
}

/** Like {@link decodeBase64Url}, but from ASCII bytes. */
export function decodeBase64UrlAscii(ascii: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  return decodeVariant(base64Url, ascii);
}

function encodeVariant(variant: Base64Variant, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const digits = Math.ceil((bytes.length * 4) / 3);
  const ascii = new Uint8Array(variant.padded ? Math.ceil(bytes.length / 3) * 4 : digits).fill(padding);
  for (let i = 0, bits = 0, held = 0, next = 0; i < digits; i++) {
    if (bits < 6) {
      held = (held << 8) | (bytes[next++] ?? 0);
      bits += 8;
    }
    bits -= 6;
    ascii[i] = variant.encode[(held >> bits) & 63] ?? 0;
    held &= (1 << bits) - 1;
  }
  return ascii;
}

function decodeVariant(variant: Base64Variant, ascii: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const digits = variant.padded ? unpaddedLength(ascii) : ascii.length;
  if (digits === undefined || digits % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
  let bits = 0;
  let held = 0;
  let length = 0;
  for (let i = 0; i < digits; i++) {
    const value = variant.decode[ascii[i] ?? 0] ?? -1;
    if (value < 0) return undefined;
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : undefined;
}

function unpaddedLength(ascii: Uint8Array): number | undefined {
  if (ascii.length % 4 !== 0) return undefined;
  let length = ascii.length;
  while (length > ascii.length - 2 && length > 0 && ascii[length - 1] === padding) length--;
  return length;
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
