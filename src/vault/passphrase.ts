import { decodeUtf8 } from '../bytes.ts';
import { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import { encodeSecretText } from '../secret-bytes.ts';

const maxLength = 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = '\ufeff';

/**
 * Prepares a passphrase by the OpaqueString profile (RFC 8265, section 4.2): spaces other than U+0020 become
 * U+0020, then NFC; control and unassigned characters are refused. At most 1,024 bytes of UTF-8 come out.
 *
 * @throws HanaperError `bad_input`
 */
export function preparePassphrase(text: string): Secret {
  if (!text.isWellFormed()) throw unusable('is not well-formed Unicode');
  // NFC can shorten a text, to a third at the most.
  if (text.length > 4 * maxLength) throw unusable(`is longer than ${maxLength} bytes`);
  const prepared = text.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  if (prepared.length === 0) throw unusable('is empty');
  if (/[\p{Cc}\p{Cn}]/u.test(prepared)) throw unusable('holds a control or unassigned character');
  const bytes = Secret.hold(encodeSecretText(prepared));
  if (bytes.length <= maxLength) return bytes;
  bytes[Symbol.dispose]();
  throw unusable(`is longer than ${maxLength} bytes`);
}

/**
 * Reads a passphrase from a file's bytes: UTF-8 without a byte-order mark; one trailing newline is dropped.
 *
 * @throws HanaperError `bad_input`
 */
export function readPassphrase(file: Secret): Secret {
  const text = decodeUtf8(file.bytes.subarray(0, endOfLine(file.bytes)));
  if (text === undefined) throw unusable('is not UTF-8');
  if (text.startsWith(byteOrderMark)) throw unusable('begins with a byte-order mark; save the file without one');
  return preparePassphrase(text);
}

/** The bytes of a passphrase as they were given; one trailing newline is dropped. What other programs seal with is these. */
export function readPassphraseBytes(file: Secret): Secret {
  return Secret.copyOf(file.bytes.subarray(0, endOfLine(file.bytes)));
}

function endOfLine(bytes: Uint8Array): number {
  if (bytes.at(-1) !== lineFeed) return bytes.length;
  return bytes.at(-2) === carriageReturn ? bytes.length - 2 : bytes.length - 1;
}

function unusable(reason: string): HanaperError {
  return new HanaperError('bad_input', `The passphrase ${reason}.`, { field: 'passphrase', reason });
}
