import { errorCodes, remedies } from '../../errors.ts';
import { problemHeaders, receiptHeaders } from './described-headers.ts';
import type { JsonSchema } from './json-schema.ts';

const text = { type: 'string' };

/** The code of an error. */
export const codeSchema: JsonSchema = { type: 'string', enum: errorCodes, description: 'The stable code' };

// What of the details programs decide by; the page about errors has the others.
const detailsSchema: JsonSchema = {
  type: 'object',
  properties: {
    field: { ...text, description: 'Which field of the request, or of a token, is wrong' },
    reason: { type: ['string', 'null'], description: 'Why, in a word or a sentence' },
    kind: { ...text, description: 'What kind of thing is not there' },
    cid: { ...text, description: 'The CID of the token that it is about' },
    nearest: { type: 'array', items: text, description: 'The CIDs of the nearest chain of delegations' },
    failure: { ...codeSchema, description: 'The code of the rule that this chain fails' },
    retry_after: { type: 'integer', minimum: 1, description: 'Seconds after which to ask again' },
    may_be_done: {
      type: 'boolean',
      const: true,
      description: 'Whether it is done, the same invocation tells, asked again',
    },
    remedy: { type: 'string', enum: remedies, description: 'What to do next, by its key' },
    receipt: { ...text, description: 'The CID of the receipt of what was done and could not be recorded' },
  },
  additionalProperties: true,
  description: 'What the code is about, by its name',
};

/** A problem, as a document (RFC 9457). */
export const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', const: 'about:blank' },
    title: text,
    status: { type: 'integer' },
    detail: { ...text, description: 'What was wrong, with what, and what to do' },
    instance: { ...text, description: 'The request, as the log of the server knows it' },
    code: codeSchema,
    details: detailsSchema,
    remedy: { ...text, description: 'What to ask for next, in words' },
  },
};

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** The answers that every operation can have, beside its own. */
export const problems: Readonly<Record<string, unknown>> = {
  default: {
    description: 'A problem (RFC 9457) with a stable code',
    headers: problemHeaders,
    content: problemContent,
  },
};

/** The same of a command that writes: a receipt can report the error. */
export const problemsOfWrites: Readonly<Record<string, unknown>> = {
  default: {
    description: 'A problem (RFC 9457) with a stable code; with a receipt, where the command itself refused',
    headers: { ...receiptHeaders, ...problemHeaders },
    content: problemContent,
  },
};

/** The same, where a receipt can report an error as well. */
export function problemsOr(description: string, receipts: object): Readonly<Record<string, unknown>> {
  return {
    default: {
      description,
      headers: { ...receiptHeaders, ...problemHeaders },
      content: { ...problemContent, ...receipts },
    },
  };
}
