import type { CID } from 'multiformats/cid';
import type { Budget } from '../../budget.ts';
import { decodeUtf8 } from '../../bytes.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import { decodeCid } from './cid.ts';
import { type IpldMap, type IpldValue, ipldMap } from './ipld.ts';

const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 } as const;
const linkTag = 42;
// Up to here a text is put together faster than a TextDecoder is called.
const shortText = 16;

// What is drawn for one value, by what it takes to build: the key of a map is a text, and makes the map grow.
const entryValues = 3;
const moreForBytes = 1;
const moreForLinks = 3;

/** Where a value lies: from `start` to before `end`, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads strict DAG-CBOR, value by value: least lengths, sorted and distinct text keys, definite lengths, 64-bit floats,
 * no tag but 42, integers within ±(2^53−1), text in well-formed UTF-8, at most 64 levels deep.
 * Each method throws `malformed_token` with the byte offset, and `too_large` before it reads more values than the budget
 * has left.
 */
export class Decoder {
  readonly #bytes: Uint8Array;
  readonly #budget: Budget | undefined;
  readonly #view: DataView;
  #at = 0;
  #major = 0;
  #info = 0;
  #argument = 0;

  /** Without a budget, as many values are read as there are. */
  constructor(bytes: Uint8Array, budget?: Budget) {
    this.#bytes = bytes;
    this.#budget = budget;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Where the next value begins. */
  get offset(): number {
    return this.#at;
  }

  /** Enters a list, of `count` items where that is given, and tells how many it has. */
  enterList(count?: number): number {
    this.#enter(major.list, count === undefined ? 'a list' : `a list of ${count}`, count);
    return this.#argument;
  }

  /** Enters a map of `count` keys. */
  enterMap(count: number): void {
    this.#enter(major.map, `a map of ${count}`, count);
  }

  /** Reads a byte string. */
  readBytes(): Uint8Array<ArrayBuffer> {
    this.#enter(major.bytes, 'a byte string');
    return this.#copyBytes();
  }

  /** Passes over a byte string, and gives the part of the input that it is. */
  passBytes(): Uint8Array {
    this.#enter(major.bytes, 'a byte string');
    const start = this.#skip(this.#argument);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Reads a text. */
  readText(): string {
    this.#enter(major.text, 'a text');
    return this.#decodeText();
  }

  /** Checks a map without building its values, and gives where each of them lies, from the offset `origin` on. */
  passMap(depth: number, origin: number): ReadonlyMap<string, ByteRange> {
    this.#enter(major.map, 'a map');
    const ranges = new Map<string, ByteRange>();
    this.#eachEntry((key) => {
      const start = this.#at - origin;
      this.#takeValue(depth + 1, false);
      ranges.set(key, { start, end: this.#at - origin });
    });
    return ranges;
  }

  /** Reads one value, which lies `depth` levels deep. */
  readValue(depth = 0): IpldValue {
    return this.#takeValue(depth, true);
  }

  /** Requires that nothing follows. */
  requireEnd(): void {
    if (this.#at !== this.#bytes.length) throw malformedToken('has bytes behind its end', { offset: this.#at });
  }

  // What is not built is checked, and drawn, all the same: it can be read later. Null stands for it.
  #takeValue(depth: number, builds: boolean): IpldValue {
    const offset = this.#at;
    if (depth > limits.tokenDepth) throw malformedToken(`is more than ${limits.tokenDepth} levels deep`, { offset });
    this.#readHead();
    switch (this.#major) {
      case major.unsigned:
        return this.#argument;
      case major.negative:
        return -1 - this.#argument;
      case major.bytes:
        return this.#takeBytes(builds);
      case major.text:
        return this.#decodeText();
      case major.list:
        return this.#takeItems(depth, builds);
      case major.map:
        return this.#takeEntries(depth, builds);
      case major.tag:
        return this.#readLink(offset);
      default:
        return this.#readSimple(offset);
    }
  }

  #enter(kind: number, expected: string, count?: number): void {
    const offset = this.#at;
    this.#readHead();
    if (this.#major === kind && (count === undefined || this.#argument === count)) return;
    throw malformedToken(`is not of the form it must have: ${expected} was expected`, { offset });
  }

  #readHead(): void {
    const offset = this.#at;
    const first = this.#bytes[this.#skip(1)] ?? 0;
    this.#major = first >> 5;
    this.#info = first & 0x1f;
    this.#argument = this.#info;
    if (this.#major === major.simple || this.#info < 24) return;
    if (this.#info > 27) throw malformedToken('has an indefinite or reserved length', { offset });
    const width = 1 << (this.#info - 24);
    this.#argument = this.#readArgument(this.#skip(width), width);
    if (this.#argument < (width === 1 ? 24 : 2 ** (4 * width))) {
      throw malformedToken('has a number that is not written in its shortest form', { offset });
    }
    const most = this.#major === major.negative ? Number.MAX_SAFE_INTEGER - 1 : Number.MAX_SAFE_INTEGER;
    if (this.#argument > most) throw malformedToken('has an integer outside of ±(2^53−1)', { offset });
  }

  #readArgument(offset: number, width: number): number {
    if (width === 1) return this.#view.getUint8(offset);
    if (width === 2) return this.#view.getUint16(offset);
    if (width === 4) return this.#view.getUint32(offset);
    return this.#view.getUint32(offset) * 2 ** 32 + this.#view.getUint32(offset + 4);
  }

  #takeBytes(builds: boolean): Uint8Array | null {
    this.#draw(moreForBytes);
    if (builds) return this.#copyBytes();
    this.#skip(this.#argument);
    return null;
  }

  #takeItems(depth: number, builds: boolean): readonly IpldValue[] | null {
    const count = this.#argument;
    this.#draw(this.#likely(count));
    const items: IpldValue[] | undefined = builds ? [] : undefined;
    for (let i = 0; i < count; i++) {
      const item = this.#takeValue(depth + 1, builds);
      items?.push(item);
    }
    return items ?? null;
  }

  #takeEntries(depth: number, builds: boolean): IpldMap | null {
    const map: { [key: string]: IpldValue } | undefined = builds ? ipldMap([]) : undefined;
    this.#eachEntry((key) => {
      const value = this.#takeValue(depth + 1, builds);
      if (map) map[key] = value;
    });
    return map ?? null;
  }

  #eachEntry(take: (key: string) => void): void {
    const count = this.#argument;
    this.#draw(entryValues * this.#likely(count));
    let before = 0;
    let beforeLength = 0;
    for (let i = 0; i < count; i++) {
      const offset = this.#at;
      this.#readHead();
      if (this.#major !== major.text) throw malformedToken('has a map key that is not text', { offset });
      const length = this.#argument;
      const start = this.#at;
      const key = this.#decodeText();
      if (i > 0 && !this.#comesBefore(before, beforeLength, start, length)) {
        throw malformedToken('has map keys that are not sorted and distinct', { offset });
      }
      before = start;
      beforeLength = length;
      take(key);
    }
  }

  // Each value has a byte at least: a head that promises more than there can be is found out when it ends.
  #likely(count: number): number {
    return Math.min(count, this.#bytes.length - this.#at);
  }

  #draw(values: number): void {
    this.#budget?.spend('values', values);
  }

  // DAG-CBOR sorts keys by length, then by bytes.
  #comesBefore(left: number, length: number, right: number, rightLength: number): boolean {
    if (length !== rightLength) return length < rightLength;
    for (let i = 0; i < length; i++) {
      const step = (this.#bytes[right + i] ?? 0) - (this.#bytes[left + i] ?? 0);
      if (step !== 0) return step > 0;
    }
    return false;
  }

  #copyBytes(): Uint8Array<ArrayBuffer> {
    const start = this.#skip(this.#argument);
    return new Uint8Array(this.#bytes.subarray(start, this.#at));
  }

  #decodeText(): string {
    const start = this.#skip(this.#argument);
    const text = this.#decodeShort(start) ?? decodeUtf8(this.#bytes.subarray(start, this.#at));
    if (text === undefined) throw malformedToken('has text that is not UTF-8', { offset: start });
    return text;
  }

  #decodeShort(start: number): string | undefined {
    if (this.#at - start > shortText) return undefined;
    let text = '';
    for (let i = start; i < this.#at; i++) {
      const byte = this.#bytes[i] ?? 0;
      if (byte > 0x7f) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #readLink(offset: number): CID {
    if (this.#argument !== linkTag) throw malformedToken('has a tag that is not a link', { offset });
    this.#draw(moreForLinks);
    const content = this.readBytes();
    // The bytes of a CID behind the identity multibase prefix.
    const cid = content[0] === 0 ? decodeCid(content.subarray(1)) : undefined;
    if (cid) return cid;
    throw malformedToken('has a link that is no CID', { offset });
  }

  #readSimple(offset: number): boolean | null | number {
    switch (this.#info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 27:
        return this.#readFloat(offset);
      default:
        throw malformedToken('has a simple value or float that DAG-CBOR does not have', { offset });
    }
  }

  #readFloat(offset: number): number {
    const float = this.#view.getFloat64(this.#skip(8));
    if (Number.isFinite(float)) return float;
    throw malformedToken('has a float that is no number', { offset });
  }

  /** Moves on by `length` bytes, and returns where it was. */
  #skip(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw malformedToken('ends in the middle', { offset: from });
    this.#at = from + length;
    return from;
  }
}
