import { problemHeaders, receiptHeaders } from './described-headers.ts';
import type { JsonSchema } from './json-schema.ts';

/** A problem, as a document (RFC 9457). */
export const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What was wrong, with what, and what to do' },
    instance: { type: 'string', description: 'The request, as the log of the server knows it' },
    code: { type: 'string', description: 'The stable code' },
    details: {
      type: 'object',
      additionalProperties: true,
      description: 'What the code is about: `field`, `reason`, `kind`, `retry_after` and others, by their names',
    },
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

/** The same of a command that writes: a receipt can tell of the error. */
export const problemsOfWrites: Readonly<Record<string, unknown>> = {
  default: {
    description: 'A problem (RFC 9457) with a stable code; with a receipt, where the command itself refused',
    headers: { ...receiptHeaders, ...problemHeaders },
    content: problemContent,
  },
};

/** The same, where a receipt can tell of an error as well. */
export function problemsOr(description: string, receipts: object): Readonly<Record<string, unknown>> {
  return {
    default: {
      description,
      headers: { ...receiptHeaders, ...problemHeaders },
      content: { ...problemContent, ...receipts },
    },
  };
}
