import { decodeBase64, decodeUtf8 } from '../bytes.ts';
import { isSha256Hex } from '../crypto/fingerprint.ts';
import type { HanaperError } from '../errors.ts';
import { isTime } from '../log/time.ts';
import { hasRepeatedMember } from '../repeated-member.ts';

/** Makes the error of a document; `reason` completes the sentence "The document …", `field` is where it does. */
export type Refuse = (reason: string, field: string, cause?: unknown) => HanaperError;

/** How long a text may be, in characters, and which texts it may be. */
export interface TextBounds {
  readonly max: number;
  readonly accepts?: (text: string) => boolean;
}

/** Reads the fields of a JSON document that came from outside; what is not as it must be is refused in the document's words. */
export class DocumentReader {
  readonly #refuse: Refuse;

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  /** The text of at most `maxLength` bytes of UTF-8. */
  utf8(bytes: Uint8Array, maxLength: number): string {
    if (bytes.length > maxLength) throw this.#refuse(`has more than ${maxLength} bytes`, '');
    const text = decodeUtf8(bytes);
    if (text === undefined) throw this.#refuse('is not UTF-8 text', '');
    if (text.startsWith('\ufeff')) throw this.#refuse('begins with a byte-order mark: save it without one', '');
    return text;
  }

  /** The value of a text of JSON in which no object has a member twice. */
  json(text: string): unknown {
    const value = this.#parse(text);
    if (hasRepeatedMember(text, value)) throw this.#refuse('has a member twice', '');
    return value;
  }

  /** An object with all of the required keys, any of the optional ones, and no other. */
  object(
    value: unknown,
    field: string,
    required: readonly string[],
    optional: readonly string[] = [],
  ): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#refuse('is no object', field);
    const keys = Object.keys(value);
    const missing = required.find((key) => !keys.includes(key));
    if (missing !== undefined) throw this.#refuse(`has no "${missing}"`, field);
    if (keys.some((key) => !required.includes(key) && !optional.includes(key))) {
      throw this.#refuse('has an unknown key', field);
    }
    return value as Record<string, unknown>;
  }

  /** A list of at most `max` items, each read by `read`. */
  list<Item>(value: unknown, field: string, max: number, read: (item: unknown, field: string) => Item): Item[] {
    if (!Array.isArray(value)) throw this.#refuse('is no list', field);
    if (value.length > max) throw this.#refuse(`has more than ${max} items`, field);
    return value.map((item, index) => read(item, `${field}[${index}]`));
  }

  /** Well-formed text. */
  text(value: unknown, field: string, { max, accepts }: TextBounds): string {
    if (typeof value !== 'string') throw this.#refuse('is no text', field);
    if (value.length > max || !value.isWellFormed() || accepts?.(value) === false) {
      throw this.#refuse('is not as it must be', field);
    }
    return value;
  }

  /** A fingerprint or any SHA-256: 64 hex characters. */
  sha256(value: unknown, field: string): string {
    return this.text(value, field, { max: 64, accepts: isSha256Hex });
  }

  /** RFC 3339 in UTC with milliseconds: the one form in which times are written. */
  time(value: unknown, field: string): string {
    return this.text(value, field, { max: 24, accepts: isTime });
  }

  /** A DID; which keys it has is not asked. */
  did(value: unknown, field: string): string {
    return this.text(value, field, { max: 256, accepts: (text) => text.startsWith('did:') });
  }

  /** A whole number of at least `min`, and at most `max`. */
  integer(value: unknown, field: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    throw this.#refuse(`is no whole number from ${min} to ${max}`, field);
  }

  /** Standard base64 of at most `maxLength` bytes. */
  base64(value: unknown, field: string, maxLength: number): Uint8Array<ArrayBuffer> {
    const bytes = decodeBase64(this.text(value, field, { max: Math.ceil(maxLength / 3) * 4 }));
    if (bytes === undefined || bytes.length > maxLength) throw this.#refuse('is not base64', field);
    return bytes;
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#refuse('is not JSON', '', cause);
    }
  }
}
