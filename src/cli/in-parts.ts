import { HanaperError } from '../errors.ts';

// Few enough that one request may cost them, where they are of the usual kinds.
const maxAtOnce = 64;

/**
 * Has many things done by several requests, so many at once as one may cost: where that was too much, half of them. Returns
 * what came of each request, in order. What was done before one that fails stays done.
 *
 * @throws HanaperError what a request throws, `too_large` where one thing alone is too much
 */
export async function executeInParts<Item, Result>(
  items: readonly Item[],
  execute: (items: readonly Item[]) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let length = maxAtOnce;
  for (let start = 0; start < items.length; ) {
    const some = items.slice(start, start + length);
    try {
      results.push(await execute(some));
      start += some.length;
    } catch (error) {
      if (some.length < 2 || !isTooMuchAtOnce(error)) throw error;
      length = Math.ceil(some.length / 2);
    }
  }
  return results;
}

// What a principal has left behind grows no less by being done in parts.
function isTooMuchAtOnce(error: unknown): boolean {
  return error instanceof HanaperError && error.code === 'too_large' && error.details['reason'] !== 'allowance';
}
