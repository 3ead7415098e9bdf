import { concatBytes, decodeBase64, encodeBase64, encodeHex, encodeUtf8, equalBytes } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { type Ed25519PublicKey, importPublicKey } from '../crypto/ed25519.ts';
import { HanaperError } from '../errors.ts';

/** Whose signature on a note counts. */
export interface VerifierKey {
  /** Not empty; no white space and no plus. */
  readonly name: string;
  readonly publicKey: Ed25519PublicKey;
}

/** How many bytes the identifier of a key has. */
export const keyIdLength = 4;

const newline = 0x0a;
// C2SP signed-note, "Signature types": Ed25519 over the text of the note.
const ed25519Type = 0x01;
const maxNameLength = 1024;

/** Whether a text can be the name of a key: not empty, well-formed, without Unicode's white space, controls and plus. */
export function isKeyName(text: string): boolean {
  return text.length <= maxNameLength && text.isWellFormed() && /^[^\p{White_Space}+\p{Cc}]+$/u.test(text);
}

/** The identifier of a key: the first 4 bytes of SHA-256 of name, newline, `01` and the 32 bytes of the key (C2SP signed-note). */
export function noteKeyId({ name, publicKey }: VerifierKey): Uint8Array<ArrayBuffer> {
  return sha256(concatBytes(encodeUtf8(name), Uint8Array.of(newline, ed25519Type), publicKey)).slice(0, keyIdLength);
}

/** A key as text, which other tools take: name, plus, identifier in hex, plus, base64 of `01` and the key. */
export function formatVerifierKey(key: VerifierKey): string {
  const encoded = encodeBase64(concatBytes(Uint8Array.of(ed25519Type), key.publicKey));
  return `${key.name}+${encodeHex(noteKeyId(key))}+${encoded}`;
}

/**
 * Reads what {@link formatVerifierKey} writes.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function parseVerifierKey(text: string): VerifierKey {
  const [name = '', id = '', ...rest] = text.length > 2 * maxNameLength ? [] : text.split('+');
  const bytes = decodeBase64(rest.join('+'));
  if (!isKeyName(name) || bytes?.[0] !== ed25519Type) throw malformed();
  const key = { name, publicKey: importPublicKey(bytes.subarray(1)) };
  if (encodeHex(noteKeyId(key)) !== id) throw malformed();
  return key;
}

/** Whether an identifier is that of a key. */
export function hasKeyId(key: VerifierKey, keyId: Uint8Array): boolean {
  return equalBytes(noteKeyId(key), keyId);
}

function malformed(): HanaperError {
  return new HanaperError(
    'malformed_key',
    'This is no key that verifies notes; one looks like example.org/log+c74f20a3+ARpc2QcU….',
    { expected: '<name>+<identifier>+<key>' },
  );
}
