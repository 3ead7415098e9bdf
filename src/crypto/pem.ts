import { decodeBase64Ascii, encodeBase64Ascii, encodeUtf8, equalBytes } from '../bytes.ts';
import { allocateSecret, copySecret, joinSecret, type SecretBytes } from '../secret-bytes.ts';
import { Secret } from './secret.ts';

/** The longest key file that is read, in bytes. */
export const maxKeyFileLength: number = 64 * 1024;

const lineLength = 64;
const newline = 0x0a;

/**
 * The bytes inside a PEM file (RFC 7468) that is one block of this label, with nothing around it but white space;
 * `undefined` where it is anything else.
 */
export function decodePem(file: Uint8Array, label: string): Secret | undefined {
  const body = file.length > maxKeyFileLength ? undefined : pemBody(file, label);
  const der = body && decodeBase64Ascii(body);
  body?.fill(0);
  return der && Secret.hold(der);
}

/** Why a file is no PEM block of a label, where that can be told; in `message` with what to do next. */
export function findPemProblem(
  file: Uint8Array,
  label: string,
): { readonly reason: string; readonly message: string } | undefined {
  const has = (other: string) => indexOfBytes(file, encodeUtf8(`-----BEGIN ${other}-----`)) >= 0;
  if (has('ENCRYPTED PRIVATE KEY')) {
    const message =
      label === 'PUBLIC KEY'
        ? 'This file holds a private key, sealed with a passphrase, where a public one is expected. Give the public half: openssl pkey -in FILE -pubout.'
        : 'This private key is sealed with a passphrase, and is not opened here. Give it opened, through a pipe: <(openssl pkey -in FILE).';
    return { reason: 'encrypted', message };
  }
  if (has(label)) {
    const [first] = file;
    const mark = first === 0xef ? 'a byte-order mark or other text' : 'text, or a second block,';
    const message = `There is ${mark} around the "${label}" of this file. Leave in it what stands from "-----BEGIN ${label}-----" to "-----END ${label}-----".`;
    return { reason: 'text around the block', message };
  }
  if (label === 'PUBLIC KEY' && has('PRIVATE KEY')) {
    const message =
      'This file holds a private key where a public one is expected. Give the public half: openssl pkey -in FILE -pubout.';
    return { reason: 'a private key', message };
  }
  if (label === 'PRIVATE KEY' && has('PUBLIC KEY')) {
    return { reason: 'a public key', message: 'This file holds a public key where a private one is expected.' };
  }
  return undefined;
}

function indexOfBytes(file: Uint8Array, part: Uint8Array): number {
  for (let start = 0; start + part.length <= file.length; start++) {
    if (part.every((byte, index) => file[start + index] === byte)) return start;
  }
  return -1;
}

/** Bytes in PEM, in lines of 64 characters, in bytes that can be wiped. */
export function encodePem(label: string, der: Uint8Array): Secret {
  using base64 = Secret.hold(encodeBase64Ascii(der));
  const lines = Math.ceil(base64.length / lineLength);
  using body = Secret.hold(allocateSecret(base64.length + lines));
  body.bytes.fill(newline);
  for (let i = 0; i < lines; i++) {
    body.bytes.set(base64.bytes.subarray(i * lineLength, (i + 1) * lineLength), i * (lineLength + 1));
  }
  return Secret.hold(
    joinSecret(encodeUtf8(`-----BEGIN ${label}-----\n`), body.bytes, encodeUtf8(`-----END ${label}-----\n`)),
  );
}

/** The text without the white space before and behind it: a view. */
export function trimAscii(text: Uint8Array): Uint8Array {
  const start = text.findIndex((byte) => !isAsciiSpace(byte));
  return start < 0 ? text.subarray(0, 0) : text.subarray(start, text.findLastIndex((byte) => !isAsciiSpace(byte)) + 1);
}

function pemBody(file: Uint8Array, label: string): SecretBytes | undefined {
  const begin = encodeUtf8(`-----BEGIN ${label}-----`);
  const end = encodeUtf8(`-----END ${label}-----`);
  const inner = trimAscii(file);
  if (inner.length < begin.length + end.length) return undefined;
  if (!equalBytes(inner.subarray(0, begin.length), begin) || !equalBytes(inner.subarray(-end.length), end)) {
    return undefined;
  }
  const body = copySecret(inner.subarray(begin.length, -end.length));
  let length = 0;
  for (const byte of body) if (!isAsciiSpace(byte)) body[length++] = byte;
  return takeDigits(body, length);
}

// What stood behind the digits is wiped as well: they have moved to the front.
function takeDigits(body: SecretBytes, length: number): SecretBytes {
  const digits = copySecret(body.subarray(0, length));
  body.fill(0);
  return digits;
}

function isAsciiSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
