import { toHanaperError } from '../output.ts';
import { explain } from '../remedies.ts';
import { type Finding, wrong } from './check.ts';
import { remedyFor } from './remedies.ts';

/** What a failure means for a check; a fault of ours in one check is no reason to say nothing else. */
export function toFinding(thrown: unknown): Finding {
  const error = toHanaperError(thrown);
  if (error.code === 'internal') return wrong('unavailable', `This could not be checked. ${error.message}`);
  return wrong(error.code, explain(error), remedyFor(error));
}
