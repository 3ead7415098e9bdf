import { HanaperError } from './errors.ts';

/**
 * Returns a value that the code before it makes certain, and throws where it is absent after all: a fault of ours, which must
 * not go on as an empty text or a zero.
 *
 * @param what names the value in the message
 * @throws HanaperError `internal`
 */
export function required<Value>(value: Value | null | undefined, what: string): Value {
  if (value !== undefined && value !== null) return value;
  throw new HanaperError('internal', `There is no ${what}, though there must be one.`, { what });
}
