/** A complete subtree: it covers the `2 ** level` leaves from `index * 2 ** level` on. */
export interface NodeCoordinates {
  readonly level: number;
  readonly index: number;
}

/** Neighbouring leaves, from `start` up to, and without, `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The largest power of two below `count`, which is at least 2: where RFC 6962, section 2.1, divides a list. */
export function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/**
 * The ranges whose hashes are the inclusion proof of a leaf, nearest first: PATH of RFC 6962, section 2.1.1.
 * `index` is below `size`.
 */
export function rangesBeside(index: number, size: number): readonly LeafRange[] {
  const ranges: LeafRange[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const split = start + largestPowerBelow(end - start);
    ranges.push(index < split ? { start: split, end } : { start, end: split });
    [start, end] = index < split ? [start, split] : [split, end];
  }
  return ranges.reverse();
}

/**
 * The ranges whose hashes are the consistency proof of a tree of `oldSize` leaves and one of `newSize`, nearest first:
 * PROOF of RFC 6962, section 2.1.2. `oldSize` is at least 1, and not above `newSize`.
 */
export function rangesBetween(oldSize: number, newSize: number): readonly LeafRange[] {
  const ranges: LeafRange[] = [];
  let [start, end] = [0, newSize];
  while (end > oldSize) {
    const split = start + largestPowerBelow(end - start);
    ranges.push(oldSize <= split ? { start: split, end } : { start, end: split });
    [start, end] = oldSize <= split ? [start, split] : [split, end];
  }
  // A verifier knows the old tree itself, so its hash is left out where it is a whole subtree of the new one.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The complete subtrees of which a range of a tree consists, the largest first. */
export function subtreesOf({ start, end }: LeafRange): readonly NodeCoordinates[] {
  const subtrees: NodeCoordinates[] = [];
  for (let next = start; next < end; ) {
    const level = levelOf(end - next);
    subtrees.push({ level, index: next / 2 ** level });
    next += 2 ** level;
  }
  return subtrees;
}

// That of the largest subtree of no more than `count` leaves.
function levelOf(count: number): number {
  let level = 0;
  while (2 ** (level + 1) <= count) level++;
  return level;
}
