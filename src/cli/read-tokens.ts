import { Budget } from '../budget.ts';
import { HanaperError } from '../errors.ts';
import { parseJson } from '../parse-json.ts';
import { limits } from '../ucan/limits.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import { decodeEnvelope } from '../ucan/token/envelope.ts';
import type { Invocation } from '../ucan/token/invocation.ts';
import { partitionTokens, readToken, unpackTokens } from '../ucan/token/tokens.ts';
import { readBounded } from './read-bounded.ts';

/** What files of tokens hold. */
export interface ReadTokens {
  readonly delegations: readonly Delegation[];
  readonly invocations: readonly Invocation[];
}

// Of all files together: a few thousand delegations.
const maxValues = 131_072;

/**
 * Reads tokens or containers, in any encoding, from files (`-`: standard input).
 *
 * @throws HanaperError `bad_input`, `malformed_token`, `too_large` for more values than that
 */
export async function readTokens(...files: readonly string[]): Promise<ReadTokens> {
  const budget = new Budget({ values: maxValues });
  const tokens = [];
  for (const file of files) {
    for (const bytes of await unpackTokens((await readBounded(file, limits.containerBytes)).bytes, budget))
      tokens.push(readToken(decodeEnvelope(bytes, budget)));
  }
  return partitionTokens(tokens);
}

/**
 * Reads JSON that is given as an argument, or in a file behind `@`.
 *
 * @throws HanaperError `usage`, `bad_input`
 */
export async function readJsonArgument(option: string, given: string): Promise<unknown> {
  const isFile = given.startsWith('@');
  const json = isFile ? (await readBounded(given.slice(1), limits.tokenBytes)).bytes : given;
  const value = parseJson(json);
  if (value !== undefined) return value;
  const what = isFile ? `the file behind ${option}` : `what is given with ${option}`;
  throw new HanaperError('bad_input', `This is no JSON: ${what}. In a shell, put it between single quotes.`, {
    option,
  });
}
