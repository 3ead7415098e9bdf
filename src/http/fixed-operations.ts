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
        'application/json': { schema: { type: 'object' } },
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
          'application/json': {
            schema: {
              type: 'object',
              required: ['method', 'passphrase'],
              additionalProperties: false,
              properties: {
                method: { type: 'string', enum: ['passphrase', 'derived'] },
                passphrase: { type: 'string' },
                security_level: { type: 'string', enum: ['interactive', 'balanced', 'sensitive'] },
                custom_params: {
                  type: 'object',
                  required: ['memory_kib', 'passes', 'lanes'],
                  additionalProperties: false,
                  properties: {
                    memory_kib: { type: 'integer' },
                    passes: { type: 'integer' },
                    lanes: { type: 'integer' },
                  },
                },
              },
            },
          },
        },
      },
      responses: answer('The state of the new database', json(), '201'),
    },
  },
  reading('/api/crypto/status', 'crypto-status', 'Show whose database it is, and whether it is locked', 'database'),
  reading('/healthz', 'healthz', 'Tell that the process is up', 'health'),
  reading('/readyz', 'readyz', 'Tell whether the database can be read, and whether it is locked', 'health'),
  reading('/.well-known/did.json', 'did-document', "Give the authority's DID document", 'public'),
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
          'application/json': {
            schema: {
              type: 'object',
              required: ['hash', 'name', 'signatures', 'organisation'],
              additionalProperties: false,
              properties: {
                hash: { type: 'string', pattern: '^[0-9a-f]{64}$' },
                name: { type: 'string', minLength: 1, maxLength: 1024 },
                organisation: { type: 'string', minLength: 1, maxLength: 256 },
                signatures: { type: 'array', minItems: 1, maxItems: 16, items: { type: 'object' } },
              },
            },
          },
        },
      },
      responses: answer('The verdict', {
        'application/json': {
          schema: {
            type: 'object',
            required: ['verified'],
            properties: {
              verified: { type: 'boolean' },
              package_hash: { type: 'string' },
              signer_fingerprint: { type: 'string' },
              signed_at: { type: 'string' },
              expires_at: { type: ['string', 'null'] },
            },
          },
        },
      }),
    },
  },
];

function reading(path: string, operationId: string, summary: string, tag: string) {
  const operation = { operationId, summary, tags: [tag], security: [], responses: answer('So it is', json()) };
  return { path, method: 'GET', operation };
}

function json() {
  return { 'application/json': { schema: { type: 'object' } } };
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
