import type { Context } from 'hono';
import { HanaperError } from '../../errors.ts';

/** The parameters of a query, decoded, in their order. */
export type Query = readonly (readonly [string, string])[];

/** Reads the query of a request. */
export function readQuery({ req }: Context): Query {
  return [...new URLSearchParams(/\?[^#]*/.exec(req.url)?.[0])];
}

/**
 * Requires that no parameter stands twice: a reader of the first and a reader of the last would see two requests.
 *
 * @throws HanaperError `bad_input`
 */
export function requireDistinct(query: Query): void {
  const seen = new Set<string>();
  for (const [name] of query) {
    if (seen.has(name)) throw standsTwice(name.slice(0, 32));
    seen.add(name);
  }
}

function standsTwice(name: string): HanaperError {
  return new HanaperError('bad_input', `The parameter "${name}" stands in the query more than once. Give it once.`, {
    reason: 'repeated parameter',
    field: name,
  });
}
