import { remedies } from '../../errors.ts';

const text = { type: 'string' };

/** The headers of answers, by their names: as components of the document. */
export const headerComponents: Readonly<Record<string, unknown>> = {
  'X-Request-Id': {
    description: 'The id of the request, by which the log of the server knows it: a UUID',
    schema: { type: 'string', format: 'uuid' },
  },
  'Retry-After': {
    description: 'With 429: seconds after which to ask again',
    schema: { type: 'integer', minimum: 1 },
  },
  'WWW-Authenticate': { description: 'With 401: `Bearer`', schema: text },
  'Hanaper-Receipt': { description: 'The CID of the receipt', schema: text },
  'Hanaper-Log-Index': {
    description: 'The index of its entry in the log; absent where it was made before',
    schema: { type: 'integer', minimum: 0 },
  },
  'Hanaper-Replay': {
    description: '`true` where the same invocation was executed before, and this is its receipt',
    schema: { type: 'string', const: 'true' },
  },
  'Hanaper-Remedy': {
    description: 'What to do next, by its key, where the receipt reports an error that has one',
    schema: { type: 'string', enum: remedies },
  },
  'Hanaper-Proof': {
    description: 'The proof of the entry in the log, where it was asked for: JSON in base64url',
    schema: text,
  },
};

/** The headers of every answer. */
export const everyHeader: Readonly<Record<string, unknown>> = referTo('X-Request-Id');

/** The headers of an answer with a receipt. */
export const receiptHeaders: Readonly<Record<string, unknown>> = referTo(
  'X-Request-Id',
  'Hanaper-Receipt',
  'Hanaper-Log-Index',
  'Hanaper-Replay',
  'Hanaper-Remedy',
  'Hanaper-Proof',
);

/** The headers that a problem can have. */
export const problemHeaders: Readonly<Record<string, unknown>> = referTo(
  'X-Request-Id',
  'Retry-After',
  'WWW-Authenticate',
);

/** The header by which the proof of an entry is asked for. */
export const proofParameter: Readonly<Record<string, unknown>> = {
  name: 'Hanaper-Proof',
  in: 'header',
  required: false,
  description: '`1`: send the proof that the entry stands in the log',
  schema: { type: 'string', enum: ['1'] },
};

function referTo(...names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
