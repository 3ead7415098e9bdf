/** A pattern of `like`: literal pieces with a `*` between each two. */
export type Glob = readonly string[];

/** Splits a pattern at its `*`; `\*` is a literal star, and any other backslash is itself. */
export function parseGlob(pattern: string): Glob {
  const pieces: string[] = [];
  let piece = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    if (character === '*') {
      // Several stars in a row are one.
      if (piece !== '' || pieces.length === 0) pieces.push(piece);
      piece = '';
    } else if (character === '\\' && pattern.charAt(i + 1) === '*') {
      piece += '*';
      i++;
    } else piece += character;
  }
  return [...pieces, piece];
}

/**
 * Whether a text matches a glob, in time linear in both. Each piece is looked for once, from where the last one ended:
 * the earliest place is as good as any later one, so nothing is ever tried again.
 */
export function matchesGlob(text: string, [first = '', ...others]: Glob): boolean {
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of others) {
    const found = indexOf(text, piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

// Knuth, Morris and Pratt: String.indexOf takes the product of both lengths on hostile input.
function indexOf(text: string, piece: string, from: number): number {
  const borders = bordersOf(piece);
  let matched = 0;
  for (let i = from; i < text.length && matched < piece.length; i++) {
    while (matched > 0 && text.charCodeAt(i) !== piece.charCodeAt(matched)) matched = borders[matched - 1] ?? 0;
    if (text.charCodeAt(i) === piece.charCodeAt(matched)) matched++;
    if (matched === piece.length) return i + 1 - matched;
  }
  return piece.length === 0 ? from : -1;
}

// For each prefix of the piece, the length of the longest proper prefix that it also ends with.
function bordersOf(piece: string): Uint32Array {
  const borders = new Uint32Array(piece.length);
  for (let i = 1, length = 0; i < piece.length; i++) {
    while (length > 0 && piece.charCodeAt(i) !== piece.charCodeAt(length)) length = borders[length - 1] ?? 0;
    if (piece.charCodeAt(i) === piece.charCodeAt(length)) length++;
    borders[i] = length;
  }
  return borders;
}
