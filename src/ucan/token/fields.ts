import { CID } from 'multiformats/cid';
import { isTokenCid } from '../encoding/cid.ts';
import { Decoder } from '../encoding/decoder.ts';
import { type IpldMap, type IpldValue, isIpldMap } from '../encoding/ipld.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import { isCommand } from './command.ts';
import type { Envelope } from './envelope.ts';

// DID Core, section 3.1: no path, query or fragment.
const didPattern = /^did:[a-z0-9]+:(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})*(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})$/;

const fieldDepth = 3;
const mapMajor = 5;
// 1.0 and 1 are the same number, and not the same token.
const floatHead = 0xfb;

/** Reads the fields of one payload; whatever is not as it must be is `malformed_token`, with the field. */
export class FieldReader {
  readonly #envelope: Envelope;

  /** Takes an envelope whose payload has these fields: all of `required`, any of `optional`, and no other. */
  constructor(envelope: Envelope, required: readonly string[], optional: readonly string[]) {
    this.#envelope = envelope;
    const { fields } = envelope;
    for (const field of required) if (!fields.has(field)) throw wrong(field, 'is missing');
    for (const field of fields.keys()) {
      if (!required.includes(field) && !optional.includes(field)) throw wrong(field, 'is not known');
    }
  }

  /** Whether a field is there. */
  has(field: string): boolean {
    return this.#envelope.fields.has(field);
  }

  /** The value of a field, built anew; `undefined` where it is left out. */
  value(field: string): IpldValue | undefined {
    const { fields, signed } = this.#envelope;
    const range = fields.get(field);
    return range && new Decoder(signed.subarray(range.start, range.end)).readValue(fieldDepth);
  }

  did(field: string): string {
    const value = this.value(field);
    if (typeof value === 'string' && isDid(value)) return value;
    throw wrong(field, 'is no DID');
  }

  command(): string {
    const value = this.value('cmd');
    if (typeof value === 'string' && isCommand(value)) return value;
    throw wrong('cmd', 'is no command of the form /noun/verb in lower case');
  }

  nonce(): Uint8Array {
    const value = this.value('nonce');
    if (value instanceof Uint8Array && value.length <= limits.nonceBytes) return value;
    throw wrong('nonce', `is not at most ${limits.nonceBytes} bytes`);
  }

  /** A time in whole seconds since 1970; 1.0 is a float, and none. */
  time(field: string): number {
    const value = this.value(field);
    if (typeof value === 'number' && value >= 0 && this.#headOf(field) !== floatHead) return value;
    throw wrong(field, 'is no time in whole seconds');
  }

  expiration(): number | null {
    return this.value('exp') === null ? null : this.time('exp');
  }

  /** A map that is built when it is asked for, and each time anew: few ask, and it can be large. */
  lazyMap(field: string): () => IpldMap {
    if (this.#headOf(field) >> 5 !== mapMajor) throw notMap(field);
    return () => this.map(field);
  }

  map(field: string): IpldMap {
    const value = this.value(field);
    if (isIpldMap(value)) return value;
    throw notMap(field);
  }

  cid(field: string): CID {
    return requireTokenCid(this.value(field), field);
  }

  cids(field: string): readonly CID[] {
    return requireTokenCids(this.value(field), field);
  }

  /** What `read` makes of a field, under another name; nothing where the field is left out. */
  optional<Name extends string, Value>(
    field: string,
    name: Name,
    read: (field: string) => Value,
  ): { readonly [Key in Name]?: Value } {
    if (!this.has(field)) return {};
    return { [name]: read(field) } as { readonly [Key in Name]?: Value };
  }

  #headOf(field: string): number {
    const { fields, signed } = this.#envelope;
    return signed[fields.get(field)?.start ?? signed.length] ?? 0;
  }
}

/** Whether a text is a DID (W3C DID Core, section 3.1), without path, query or fragment. */
export function isDid(text: string): boolean {
  return text.length <= limits.didCharacters && didPattern.test(text);
}

/**
 * A value that must be the CID of a token.
 *
 * @throws HanaperError `malformed_token`
 */
export function requireTokenCid(value: IpldValue | undefined, field: string): CID {
  if (value instanceof CID && isTokenCid(value)) return value;
  throw wrong(field, 'is no CID of a token');
}

/**
 * A value that must be a list of the CIDs of tokens, no longer than a chain.
 *
 * @throws HanaperError `malformed_token`
 */
export function requireTokenCids(value: IpldValue | undefined, field: string): readonly CID[] {
  if (!Array.isArray(value) || value.length > limits.chainLength) {
    throw wrong(field, `is no list of at most ${limits.chainLength} CIDs`);
  }
  return value.map((item: IpldValue, index) => requireTokenCid(item, `${field}[${index}]`));
}

function notMap(field: string): Error {
  return wrong(field, 'is no map');
}

function wrong(field: string, reason: string): Error {
  return malformedToken(`has a field "${shorten(field)}" that ${reason}`, { field: shorten(field) });
}

// A field's name comes from the token, and must not bring the token into a message.
function shorten(field: string): string {
  return field.length <= 32 ? field : `${field.slice(0, 32)}…`;
}
