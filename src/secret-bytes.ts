declare const offHeap: unique symbol;

const encoder = new TextEncoder();

/** Bytes that lie where a garbage collector does not move them, so that overwriting them leaves no copy behind. */
export type SecretBytes = Uint8Array<ArrayBuffer> & { readonly [offHeap]: true };

/**
 * Allocates `length` zero bytes for a secret: the one way to do so.
 *
 * V8 keeps a typed array of up to 64 bytes inside of its own heap, where the collector copies it about, and moves it out
 * once it is handed to the platform's cryptography; what is overwritten afterwards is the last copy alone. The contents
 * of an `ArrayBuffer` lie outside of that heap from the start.
 */
export function allocateSecret(length: number): SecretBytes {
  return new Uint8Array(new ArrayBuffer(length)) as SecretBytes;
}

/** Copies bytes that stay as they are. */
export function copySecret(bytes: Uint8Array): SecretBytes {
  const copy = allocateSecret(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Copies bytes, and overwrites those that were given with zeros. */
export function takeSecret(bytes: Uint8Array): SecretBytes {
  const taken = copySecret(bytes);
  bytes.fill(0);
  return taken;
}

/** Copies parts into one array, in order; the parts stay as they are. */
export function joinSecret(...parts: readonly Uint8Array[]): SecretBytes {
  const whole = allocateSecret(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Encodes text as UTF-8; the text itself, a string, stays until it is collected. */
export function encodeSecretText(text: string): SecretBytes {
  // A UTF-16 code unit takes up to three bytes.
  const bytes = allocateSecret(3 * text.length);
  const { written } = encoder.encodeInto(text, bytes);
  return takeSecret(bytes.subarray(0, written));
}

/** Decodes lower-case hexadecimal digits in ASCII; `undefined` where they are anything else. */
export function decodeSecretHex(digits: Uint8Array): SecretBytes | undefined {
  if (digits.length % 2 !== 0) return undefined;
  const bytes = allocateSecret(digits.length / 2);
  for (const [index, digit] of digits.entries()) {
    const value = hexValue(digit);
    if (value === undefined) {
      bytes.fill(0);
      return undefined;
    }
    bytes[index >> 1] = ((bytes[index >> 1] ?? 0) << 4) | value;
  }
  return bytes;
}

function hexValue(character: number): number | undefined {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  return character >= 0x61 && character <= 0x66 ? character - 0x57 : undefined;
}
