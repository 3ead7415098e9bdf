import { type ErrorDetails, HanaperError } from '../errors.ts';

/** A `trust_tampered` error; `reason` completes the sentence "The trust bundle …" or "The trust snapshot …". */
export function trustTampered(
  document: 'bundle' | 'snapshot',
  reason: string,
  details: ErrorDetails = {},
  cause?: unknown,
): HanaperError {
  return new HanaperError(
    'trust_tampered',
    `The trust ${document} ${reason}. ${advice[document]}`,
    { reason, ...details },
    cause,
  );
}

const advice = {
  bundle: 'Trust nothing of it; get it again from its exporter.',
  snapshot: 'Trust nothing of this database before it is known who wrote to it; restore it from a backup.',
};
