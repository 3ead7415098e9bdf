import { HanaperError } from './errors.ts';

/** The names of all options of one object: the compiler asks for each of them. */
export type OptionNames<Options extends object> = Readonly<Record<keyof Options, true>>;

/**
 * Refuses an options object that holds what nobody reads: a misspelt or misplaced option must not be ignored, where the
 * option is what makes the answer safe.
 *
 * @param what names the function in the message, such as `createLoader`
 * @throws HanaperError `bad_config` with the name as `field`
 */
export function requireKnownOptions<Options extends object>(
  what: string,
  options: Options,
  known: OptionNames<Options>,
): void {
  // A list or a map reads as an object without options.
  if (typeof options !== 'object' || options === null || Symbol.iterator in options) throw noOptions(what);
  const [symbol] = Object.getOwnPropertySymbols(options);
  if (symbol) throw unknownOption(what, String(symbol), Object.keys(known));
  // Also what is inherited: it would be read.
  for (const name in options) {
    if (!Object.hasOwn(known, name)) throw unknownOption(what, name, Object.keys(known));
  }
}

function noOptions(what: string): HanaperError {
  return new HanaperError('bad_config', `The options of ${what} are not an object.`, { field: '' });
}

function unknownOption(what: string, field: string, known: readonly string[]): HanaperError {
  return new HanaperError('bad_config', `${what} has no option "${field}". Its options are ${known.join(', ')}.`, {
    field,
  });
}
