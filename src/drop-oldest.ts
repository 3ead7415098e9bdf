/** What keeps things in the order in which they came: a `Map` or a `Set`. */
interface Kept<Key> {
  readonly size: number;
  keys(): Iterable<Key>;
  delete(key: Key): boolean;
}

/** Lets the first go of those that are kept, where they are more than `most`. */
export function dropOldest<Key>(kept: Kept<Key>, most: number): void {
  if (kept.size <= most) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
