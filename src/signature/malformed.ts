import { HanaperError } from '../errors.ts';
import { hasRepeatedMember } from '../repeated-member.ts';

/** A `malformed_signature` error; `reason` completes the sentence "The signature document …". */
export function malformedSignature(reason: string, cause?: unknown): HanaperError {
  return new HanaperError(
    'malformed_signature',
    `The signature document ${reason}. Get the signature again from the signer of the package.`,
    { reason },
    cause,
  );
}

/** Reads a text of JSON in which no object has a member twice; `carrier` begins the reason where it is not the document itself. */
export function readJson(text: string, carrier = ''): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformedSignature(`${carrier}is not JSON`, cause);
  }
  if (hasRepeatedMember(text, value)) throw malformedSignature(`${carrier}has a member twice`);
  return value;
}

/** Reads a JSON object that has exactly the named keys, `optional` ones excepted. */
export function readObject(
  value: unknown,
  what: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const fields = readFields(value, what, required);
  if (Object.keys(fields).some((key) => !required.includes(key) && !optional.includes(key))) {
    throw malformedSignature(`has an unknown key in ${what}`);
  }
  return fields;
}

/** Reads a JSON object that has at least the named keys; others are passed over. */
export function readFields(
  value: unknown,
  what: string,
  required: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformedSignature(`has no object for ${what}`);
  }
  const missing = required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw malformedSignature(`has no "${missing}" in ${what}`);
  return value as Record<string, unknown>;
}

/** Reads a string of at most `max` characters that `accepts` takes. */
export function readString(value: unknown, what: string, max: number, accepts?: (text: string) => boolean): string {
  if (typeof value !== 'string' || value.length > max || accepts?.(value) === false) {
    throw malformedSignature(`has no valid ${what}`);
  }
  return value;
}
