import { everyHeader, proofParameter, receiptHeaders } from './described-headers.ts';
import { problems, problemsOr } from './described-problems.ts';
import {
  didDocumentSchema,
  failedSchema,
  healthSchema,
  initializedSchema,
  initSchema,
  invokedSchema,
  querySchema,
  readinessSchema,
  statusSchema,
  verdictSchema,
} from './fixed-schemas.ts';
import type { JsonSchema } from './json-schema.ts';

const tileParameters: Readonly<Record<string, string>> = {
  level: 'The level: 0 to 5',
  index: 'Three digits: `000`; from the thousandth on with groups in front of them that are folders: `x001/234`',
  width: 'How many hashes or entries there are: 1 to 255',
};

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
        proofParameter,
      ],
      requestBody: {
        required: true,
        content: {
          'application/vnd.ucan.container': { schema: { type: 'string', format: 'binary' } },
          'text/plain': { schema: { type: 'string' } },
        },
      },
      responses: {
        ...answer('The receipt of what was done, or what was read', receipts(invokedSchema), '200', receiptHeaders),
        ...problemsOr(
          'The receipt of an error, in the form that was asked for; or a problem (RFC 9457), where there is no receipt',
          receipts(failedSchema),
        ),
      },
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
      responses: answer('The state of the new database', json(initializedSchema), '201'),
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
  logFile('checkpoint', 'log-file-checkpoint', 'Give the last checkpoint of the log', 'text/plain'),
  logFile(
    'key',
    'log-file-key',
    'Give the key that verifies checkpoints, and what the authority has signed about it',
    'application/json',
  ),
  ...['{level}', 'entries'].flatMap((level) => [
    logFile(`tile/${level}/{index}`, `log-file-${nameOfTile(level)}`, `Give a full ${nameOfTile(level)} of the log`),
    logFile(
      `tile/${level}/{index}.p/{width}`,
      `log-file-partial-${nameOfTile(level)}`,
      `Give a ${nameOfTile(level)} of the log that is not full yet`,
    ),
  ]),
];

function nameOfTile(level: string): string {
  return level === 'entries' ? 'bundle' : 'tile';
}

function logFile(file: string, operationId: string, summary: string, type = 'application/octet-stream') {
  const path = `/log/${file}`;
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  const schema = { type: 'string', ...(type === 'application/octet-stream' && { format: 'binary' }) };
  const operation = {
    operationId,
    summary,
    description: 'Where the server is started with `--public-log`: the files of C2SP tlog-tiles.',
    tags: ['public'],
    security: [],
    ...(names.length > 0 && {
      parameters: names.map((name) => ({
        name,
        in: 'path',
        required: true,
        description: tileParameters[name],
        schema: { type: 'string' },
      })),
    }),
    responses: answer('The file', { [type]: { schema } }),
  };
  return { path, method: 'GET', operation };
}

function receipts(schema: JsonSchema) {
  return {
    'application/vnd.ucan.container': { schema: { type: 'string', format: 'binary' } },
    'application/json': { schema },
  };
}

function reading(path: string, operationId: string, summary: string, tag: string, schema: JsonSchema) {
  const operation = { operationId, summary, tags: [tag], security: [], responses: answer('So it is', json(schema)) };
  return { path, method: 'GET', operation };
}

function json(schema: JsonSchema) {
  return { 'application/json': { schema } };
}

function answer(description: string, content: object, status = '200', headers = everyHeader) {
  return { [status]: { description, headers, content }, ...problems };
}
