import { concatBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';

/** The tags of the values that key files are made of (ITU-T X.690, section 8). */
export const derTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  context0: 0xa0,
  context1: 0xa1,
  implicit1: 0x81,
} as const;

const maxUnsignedBytes = 5;

/**
 * Reads DER (ITU-T X.690), one value after the other: one spelling of each, definite and shortest lengths.
 * What it returns are views of the bytes that it was given, so that nothing secret is copied.
 * Every method throws HanaperError `malformed_key` where the bytes are others.
 */
export class DerReader {
  #rest: Uint8Array;

  /** Reads from `bytes`, which hold any number of values. */
  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  /** Whether another value with this tag follows. */
  nextIs(tag: number): boolean {
    return this.#rest[0] === tag;
  }

  /** The contents of the next value, which has this tag. */
  read(tag: number): Uint8Array {
    const { start, length } = this.#readHeader();
    const end = start + length;
    if (!this.nextIs(tag) || end > this.#rest.length) throw malformedDer();
    const contents = this.#rest.subarray(start, end);
    this.#rest = this.#rest.subarray(end);
    return contents;
  }

  /** The values inside the next one, a SEQUENCE or another constructed value. */
  readSequence(tag: number = derTag.sequence): DerReader {
    return new DerReader(this.read(tag));
  }

  /** An INTEGER from 0 to 2³² − 1. */
  readUnsigned(): number {
    const contents = this.read(derTag.integer);
    const [first = 0x80, second = 0x80] = contents;
    const shortest = first !== 0 || contents.length === 1 || second >= 0x80;
    if (first >= 0x80 || !shortest || contents.length > maxUnsignedBytes) throw malformedDer();
    if (contents.length === maxUnsignedBytes && first !== 0) throw malformedDer();
    return contents.reduce((value, byte) => value * 256 + byte, 0);
  }

  /** The bytes of an INTEGER above 0, most significant first, without the zero that tells a sign. */
  readPositive(): Uint8Array {
    const contents = this.read(derTag.integer);
    const [first = 0x80, second = 0] = contents;
    if (first >= 0x80 || (first === 0 && second < 0x80)) throw malformedDer();
    return contents.subarray(first === 0 ? 1 : 0);
  }

  /** The bytes of a BIT STRING that ends with a whole byte. */
  readBits(tag: number = derTag.bitString): Uint8Array {
    const contents = this.read(tag);
    if (contents[0] !== 0) throw malformedDer();
    return contents.subarray(1);
  }

  /** Ends the reading: nothing follows. */
  end(): void {
    if (this.#rest.length > 0) throw malformedDer();
  }

  #readHeader(): { start: number; length: number } {
    const [, first = 0x80, second = 0, third = 0] = this.#rest;
    if (first < 0x80) return { start: 2, length: first };
    if (first === 0x81 && second >= 0x80) return { start: 3, length: second };
    if (first === 0x82 && second > 0) return { start: 4, length: second * 256 + third };
    throw malformedDer();
  }
}

/** One value in DER: its tag, its length, and the contents in order. For what is public: it leaves copies. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = concatBytes(...contents);
  if (whole.length > 0xffff) throw new TypeError(`this DER value has ${whole.length} bytes, more than 65535`);
  const high = whole.length >> 8;
  const low = whole.length & 0xff;
  const length = high > 0 ? [0x82, high, low] : low >= 0x80 ? [0x81, low] : [low];
  return concatBytes(Uint8Array.of(tag, ...length), whole);
}

/** A whole number from 0 to 2³² − 1 as an INTEGER. */
export function encodeDerUnsigned(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return encodeDer(derTag.integer, Uint8Array.from(bytes));
}

/** The error for DER that is damaged, or that holds something else. */
export function malformedDer(): HanaperError {
  return new HanaperError('malformed_key', 'The DER of this key is damaged, or holds something else.', {
    reason: 'DER',
  });
}
