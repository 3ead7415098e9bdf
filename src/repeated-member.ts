const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];

/**
 * Whether an object in a text of JSON has a member twice, of which a parser silently drops one; `value` is what was parsed
 * of it. Each member has its colon, so a text with more colons than its value has members names one twice. It takes time
 * linear in the text, and no stack however deep the text is.
 */
export function hasRepeatedMember(text: string, value: unknown): boolean {
  return countColons(text) !== countMembers(value);
}

function countColons(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === quote) index = findEnd(text, index);
    else if (character === colon) count++;
  }
  return count;
}

// Most of a document is long strings: they are passed over by what is faster than a loop.
function findEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

// By an odd number of backslashes: two of them stand for one.
function isEscaped(text: string, index: number): boolean {
  let first = index;
  while (text.charCodeAt(first - 1) === backslash) first--;
  return (index - first) % 2 === 1;
}

function countMembers(value: unknown): number {
  const pending = [value];
  let count = 0;
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null) continue;
    const children = Object.values(next);
    if (!Array.isArray(next)) count += children.length;
    for (const child of children) pending.push(child);
  }
  return count;
}
