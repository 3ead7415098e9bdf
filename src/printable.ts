// Control and format characters, and separators of lines and paragraphs: they can steer a terminal, turn the direction of
// text, or begin a line in the eyes of another program. Half of a pair is no character at all.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
// The same, as far as JSON leaves them as they are.
const leftByJson = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text for a person, in which each character that nobody can see is replaced: strangers write names, too. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd');
}

/** Whether a person can see every character of a text. */
export function isPrintable(text: string): boolean {
  return text.search(unprintable) === -1;
}

/** JSON of the same meaning, in which each character that nobody can see is escaped. */
export function escapeUnprintable(json: string): string {
  return json.replace(leftByJson, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return character.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
