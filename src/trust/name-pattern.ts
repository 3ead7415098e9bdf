/**
 * Whether the whole of a name is what a pattern says: `*` is any run of characters but `/`, the empty one included, and
 * every other character is itself. It takes time in proportion to the two lengths multiplied, at the most.
 */
export function matchesNamePattern(pattern: string, name: string): boolean {
  let [at, from] = [0, 0];
  // Where the last star was, and up to where in the name it reaches so far: it alone is ever tried again.
  let [star, reach] = [-1, 0];
  while (from < name.length) {
    if (pattern[at] === '*') {
      [star, reach] = [at++, from];
    } else if (pattern[at] === name[from]) {
      at++;
      from++;
    } else if (star >= 0 && name[reach] !== '/') {
      at = star + 1;
      from = ++reach;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
