/** Base64 from digit to digit, in plain JavaScript: for secrets, which must not become strings, and for platforms without their own. */

import { allocateSecret, type SecretBytes } from './secret-bytes.ts';

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const base64UrlAlphabet = `${base64Alphabet.slice(0, 62)}-_`;
const padding = 0x3d;

interface Base64Variant {
  readonly encode: Uint8Array;
  readonly decode: Int8Array;
  readonly padded: boolean;
}

const base64 = base64Variant(base64Alphabet, true);
const base64Url = base64Variant(base64UrlAlphabet, false);

function base64Variant(alphabet: string, padded: boolean): Base64Variant {
  const encode = Uint8Array.from(alphabet, (digit) => digit.charCodeAt(0));
  const decode = new Int8Array(256).fill(-1);
  encode.forEach((character, value) => {
    decode[character] = value;
  });
  return { encode, decode, padded };
}

/** Like `encodeBase64`, but as ASCII bytes: for secrets, which must not become strings. */
export function encodeBase64Ascii(bytes: Uint8Array): SecretBytes {
  return encodeVariant(base64, bytes);
}

/** Like `decodeBase64`, but from ASCII bytes: for secrets, which must not become strings. */
export function decodeBase64Ascii(ascii: Uint8Array): SecretBytes | undefined {
  return decodeVariant(base64, ascii);
}

/** Like `encodeBase64Url`, but as ASCII bytes. */
export function encodeBase64UrlAscii(bytes: Uint8Array): SecretBytes {
  return encodeVariant(base64Url, bytes);
}

/** Like `decodeBase64Url`, but from ASCII bytes. */
export function decodeBase64UrlAscii(ascii: Uint8Array): SecretBytes | undefined {
  return decodeVariant(base64Url, ascii);
}

function encodeVariant(variant: Base64Variant, bytes: Uint8Array): SecretBytes {
  const digits = Math.ceil((bytes.length * 4) / 3);
  const ascii = allocateSecret(variant.padded ? Math.ceil(bytes.length / 3) * 4 : digits);
  ascii.fill(padding);
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

function decodeVariant(variant: Base64Variant, ascii: Uint8Array): SecretBytes | undefined {
  const digits = variant.padded ? unpaddedLength(ascii) : ascii.length;
  if (digits === undefined || digits % 4 === 1) return undefined;
  const bytes = allocateSecret(Math.floor((digits * 3) / 4));
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
