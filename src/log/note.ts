import { concatBytes, decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from '../bytes.ts';
import { publicKeyOf, sign, verify } from '../crypto/ed25519.ts';
import type { Secret } from '../crypto/secret.ts';
import { logTampered } from './tampered.ts';
import { hasKeyId, isKeyName, keyIdLength, noteKeyId, type VerifierKey } from './verifier-key.ts';

/** A text with signatures under it (C2SP signed-note); it says nothing before {@link verifyNote}. */
export interface Note {
  /** It ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A line under a note. */
export interface NoteSignature {
  /** The name of the key. */
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  /** 64 bytes, if it is by Ed25519. */
  readonly signature: Uint8Array;
}

/** The longest note that is read, in bytes. */
export const maxNoteLength: number = 192 * 1024;

/** How many signatures a note may have. */
export const maxNoteSignatures = 16;

const dash = '\u2014';

/**
 * Signs a text with the Ed25519 key of 32 bytes `key`, whose name is `name`: a note of one signature. What is no text of a
 * note, or no name of a key, is a `TypeError`.
 */
export async function signNote({
  text,
  name,
  key,
}: {
  readonly text: string;
  readonly name: string;
  readonly key: Secret;
}): Promise<Uint8Array<ArrayBuffer>> {
  if (!isNoteText(text) || !text.isWellFormed()) throw new TypeError('this is no text of a note');
  if (!isKeyName(name)) throw new TypeError('this is no name of a key that signs notes');
  const keyId = noteKeyId({ name, publicKey: await publicKeyOf(key) });
  const signature = await sign(key, encodeUtf8(text));
  const note = encodeUtf8(`${text}\n${dash} ${name} ${encodeBase64(concatBytes(keyId, signature))}\n`);
  if (note.length > maxNoteLength) throw new TypeError(`a note has at most ${maxNoteLength} bytes`);
  return note;
}

/**
 * Reads a note: at most 192 KiB of UTF-8 without control characters but newlines, and 1 to 16 signatures, each as long as
 * those of algorithms yet to come.
 *
 * @throws HanaperError `log_tampered`
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > maxNoteLength) throw malformed(`has more than ${maxNoteLength} bytes`);
  const whole = decodeUtf8(bytes);
  if (whole === undefined || !isNoteText(whole)) throw malformed('is no text of whole lines');
  const split = whole.lastIndexOf('\n\n') + 1;
  if (split === 0) throw malformed('has no empty line before its signatures');
  const lines = whole
    .slice(split + 1)
    .split('\n')
    .slice(0, -1);
  if (lines.length > maxNoteSignatures) throw malformed(`has more than ${maxNoteSignatures} signatures`);
  const signatures = lines.map(parseSignature);
  if (signatures.length === 0) throw malformed('has no signature');
  return { text: whole.slice(0, split), signatures };
}

/**
 * The text of a note, if the key has signed it. Signatures by other keys are passed over, those of the same name included;
 * each that is under the name and the identifier of this one must be by it (C2SP signed-note, "Verifying").
 *
 * @throws HanaperError `log_tampered`
 */
export async function verifyNote({ text, signatures }: Note, key: VerifierKey): Promise<string> {
  const own = signatures.filter(({ name, keyId }) => name === key.name && hasKeyId(key, keyId));
  if (own.length === 0) throw logTampered('note', 'is not signed by the key that it must have', { name: key.name });
  for (const { signature } of own) {
    if (await verify(key.publicKey, encodeUtf8(text), signature)) continue;
    throw logTampered('note', 'has another text than the one that was signed', { name: key.name });
  }
  return text;
}

function parseSignature(line: string): NoteSignature {
  const [mark, name = '', encoded = '', ...rest] = line.split(' ');
  const bytes = decodeBase64(encoded);
  if (mark !== dash || !isKeyName(name) || rest.length > 0) throw malformed('has a line that is no signature');
  if (bytes === undefined || bytes.length <= keyIdLength) throw malformed('has an invalid signature');
  return { name, keyId: bytes.subarray(0, keyIdLength), signature: bytes.subarray(keyIdLength) };
}

// Lines without control characters, each with its end.
function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  return text.endsWith('\n') && !/[\0-\x09\x0b-\x1f]/.test(text);
}

function malformed(reason: string): Error {
  return logTampered('note', reason);
}
