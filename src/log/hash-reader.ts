import { foldSubtrees } from './merkle.ts';
import { type LeafRange, type NodeCoordinates, subtreesOf } from './ranges.ts';

/** Gives hashes of complete subtrees: a tree as {@link createTileReader} reads it, or any other. */
export interface HashReader {
  /** The hashes, 32 bytes each, of all the subtrees asked for, in their order. It asks for none that is not complete. */
  readHashes(nodes: readonly NodeCoordinates[]): Promise<readonly Uint8Array[]>;
}

/** The hash of each range (RFC 6962, section 2.1), with one question to the reader. */
export async function readRanges(
  reader: HashReader,
  ranges: readonly LeafRange[],
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const parts = ranges.map(subtreesOf);
  const hashes = await reader.readHashes(parts.flat());
  let end = 0;
  return parts.map(({ length }) => {
    end += length;
    return foldSubtrees(hashes.slice(end - length, end));
  });
}

/** The root of the tree of the first `size` leaves: 32 bytes. */
export async function computeRoot(reader: HashReader, size: number): Promise<Uint8Array<ArrayBuffer>> {
  requireSize(size);
  return foldSubtrees(await reader.readHashes(subtreesOf({ start: 0, end: size })));
}

/** Checks a number of leaves that a program gives against what can be counted. */
export function requireSize(size: number, least = 0): void {
  if (!Number.isSafeInteger(size) || size < least) throw new TypeError(`a tree here has no ${size} leaves`);
}
