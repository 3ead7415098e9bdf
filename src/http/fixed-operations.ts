import {
  didDocumentSchema,
  healthSchema,
  initSchema,
  invokedSchema,
  querySchema,
  readinessSchema,
  statusSchema,
  verdictSchema,
} from './fixed-schemas.ts';
import type { JsonSchema } from './json-schema.ts';

/** The operations of the API that are no plain routes of commands. */
export const fixedOperations: readonly {
  readonly path: string;
  readonly method: string;
  readonly operation: Readonly<Record<string, unknown>>;
}[] = [
  {
    path: '/api/invoke',
    method: 'POST',
    operation: {
      operationId: 'invoke',
      summary: 'Have an invocation executed',
      description:
        "A container in any of six encodings in, the receipt's container out, in the same encoding; readable JSON with `Accept: application/json`. A command that reads is answered in JSON.",
      tags: ['invoke'],
      security: [],
      parameters: [
        {
          name: 'org',
          in: 'query',
          required: false,
          description: 'The name of the organisation that the subject is expected to be',
          schema: { type: 'string' },
        },
      ],
      requestBody: {
        required: true,
        content: {
          'application/vnd.ucan.container': { schema: { type: 'string', format: 'binary' } },
          'text/plain': { schema: { type: 'string' } },
        },
      },
      responses: answer('A receipt, or what was read', {
        'application/vnd.ucan.container': { schema: { type: 'string', format: 'binary' } },
        'application/json': { schema: invokedSchema },
      }),
    },
  },
  {
    path: '/api/crypto/init',
    method: 'POST',
    operation: {
      operationId: 'crypto-init',
      summary: 'Initialise the database, once',
      description: 'Needs the set-up token, in the header `Hanaper-Setup-Token`.',
      tags: ['database'],
      security: [],
      parameters: [
        {
          name: 'Hanaper-Setup-Token',
          in: 'header',
          required: true,
          description: 'From the file that the server names when it starts',
          schema: { type: 'string' },
        },
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: initSchema },
        },
      },
      responses: answer('The state of the new database', json(statusSchema), '201'),
    },
  },
  reading(
    '/api/crypto/status',
    'crypto-status',
    'Show whose database it is, and whether it is locked',
    'database',
    statusSchema,
  ),
  reading('/healthz', 'healthz', 'Tell that the process is up', 'health', healthSchema),
  reading(
    '/readyz',
    'readyz',
    'Tell whether the database can be read, and whether it is locked',
    'health',
    readinessSchema,
  ),
  reading('/.well-known/did.json', 'did-document', "Give the authority's DID document", 'public', didDocumentSchema),
  {
    path: '/api/verify',
    method: 'POST',
    operation: {
      operationId: 'verify',
      summary: 'Ask whether an organisation trusts a signature, where it lets anybody ask',
      description: 'An organisation, a key and a signature that do not count are all answered alike.',
      tags: ['public'],
      security: [],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: querySchema },
        },
      },
      responses: answer('The verdict', json(verdictSchema)),
    },
  },
];

function reading(path: string, operationId: string, summary: string, tag: string, schema: JsonSchema) {
  const operation = { operationId, summary, tags: [tag], security: [], responses: answer('So it is', json(schema)) };
  return { path, method: 'GET', operation };
}

function json(schema: JsonSchema) {
  return { 'application/json': { schema } };
}

function answer(description: string, content: object, status = '200') {
  return {
    [status]: { description, content },
    default: {
      description: 'A problem (RFC 9457) with a stable code',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  };
}
