import { Buffer } from 'node:buffer';

export function encodeText(bytes: Uint8Array, alphabet: 'base64' | 'base64url'): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(alphabet);
}

// Node passes over what is no digit: strict is what is written the same again.
export function decodeText(text: string, alphabet: 'base64' | 'base64url'): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, alphabet);
  return bytes.toString(alphabet) === text ? new Uint8Array(bytes) : undefined;
}
