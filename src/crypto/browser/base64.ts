import { decodeBase64Ascii, decodeBase64UrlAscii, encodeBase64Ascii, encodeBase64UrlAscii } from '../../base64.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeText(bytes: Uint8Array, alphabet: 'base64' | 'base64url'): string {
  return decoder.decode(alphabet === 'base64' ? encodeBase64Ascii(bytes) : encodeBase64UrlAscii(bytes));
}

export function decodeText(text: string, alphabet: 'base64' | 'base64url'): Uint8Array<ArrayBuffer> | undefined {
  const ascii = encoder.encode(text);
  return alphabet === 'base64' ? decodeBase64Ascii(ascii) : decodeBase64UrlAscii(ascii);
}
