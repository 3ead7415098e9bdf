import type { AlteredDocument, MaybeAltered, MaybeMarked } from '../authority/trust/find-altered-rows.ts';
import { HanaperError } from '../errors.ts';
import { AlreadyShown } from './already-shown.ts';
import { type Outcome, type Output, printError } from './output.ts';

const maxTold = 5;

/** The state of a row in a table, with a mark where it is not as it was written. */
export function markState(state: string, { altered }: MaybeMarked): string {
  return altered ? `${state} ALTERED` : state;
}

/**
 * Tells a person what of a printed document is not as it was written, and fails with its code: nobody shall take it for true.
 *
 * @throws AlreadyShown
 */
export function requireUnaltered(output: Output, { document }: Outcome): void {
  const { altered = [] } = document as MaybeAltered;
  const [first] = altered;
  if (first === undefined) return;
  const failure = toFailure(first.code, altered);
  // With --json the document says it already, and there is one document.
  if (!output.json) printError(output, failure);
  throw new AlreadyShown(failure);
}

function toFailure(code: AlteredDocument['code'], altered: readonly AlteredDocument[]): HanaperError {
  const told = altered.slice(0, maxTold).map(({ table, key, message }) => `${table} ${key}: ${message}`);
  const rest = altered.length > maxTold ? ` And ${altered.length - maxTold} more.` : '';
  return new HanaperError(
    code,
    `What is shown here is not what was written. ${told.join(' ')}${rest} Have it all checked: hanaper log verify.`,
    { altered },
  );
}
