import { concatBytes } from '../bytes.ts';
import { logTampered } from './tampered.ts';
import { tileWidth } from './tile.ts';

/** The longest entry that a bundle can hold, in bytes: its length is written in two. */
export const maxEntryLength = 0xffff;

const prefixLength = 2;

/**
 * Entries as a bundle: each after its length in two bytes, big-endian (C2SP tlog-tiles). More than 256 entries, and one
 * that is longer than 65,535 bytes, are a `TypeError`.
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (entries.length > tileWidth) throw new TypeError(`a bundle holds ${tileWidth} entries, not ${entries.length}`);
  return concatBytes(...entries.flatMap((entry) => [encodeLength(entry), entry]));
}

/**
 * The entries of a bundle, as views of its bytes. There must be `width` of them, and nothing behind.
 *
 * @throws HanaperError `log_tampered`
 */
export function decodeEntryBundle(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.length && entries.length < width) {
    const start = offset + prefixLength;
    const end = start + (((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0));
    if (end > bytes.length) throw logTampered('entry bundle', 'is cut short', { width });
    entries.push(bytes.subarray(start, end));
    offset = end;
  }
  if (entries.length < width) throw logTampered('entry bundle', 'has too few entries', { width });
  if (offset < bytes.length) throw logTampered('entry bundle', 'has too many entries', { width });
  return entries;
}

function encodeLength({ length }: Uint8Array): Uint8Array {
  if (length > maxEntryLength) throw new TypeError(`an entry has at most ${maxEntryLength} bytes, not ${length}`);
  return Uint8Array.of(length >> 8, length & 0xff);
}
