import { codeSchema } from './described-problems.ts';
import type { JsonSchema } from './json-schema.ts';

const text = { type: 'string' };
const time = { type: 'string', format: 'date-time' };
const anyObject = { type: 'object', additionalProperties: true };
const fingerprint = { type: 'string', pattern: '^[0-9a-f]{64}$' };

/** What `/healthz` answers. */
export const healthSchema: JsonSchema = object({ status: { type: 'string', const: 'ok' } });

/** What `/readyz` answers. */
export const readinessSchema: JsonSchema = object({
  ready: { type: 'boolean', const: true },
  locked: { type: 'boolean', description: 'Whether writing needs the vault to be unlocked first' },
});

/** What `/.well-known/did.json` answers (DID Core 1.0). */
export const didDocumentSchema: JsonSchema = object({
  '@context': { type: 'array', items: text },
  id: { ...text, description: 'The DID of the authority' },
  verificationMethod: multikeys(),
  authentication: { type: 'array', items: text },
  assertionMethod: { type: 'array', items: text },
  capabilityInvocation: { type: 'array', items: text },
  capabilityDelegation: { type: 'array', items: text },
  keyAgreement: { ...multikeys(), description: 'The X25519 key that belongs to it: secrets are sealed to this one' },
});

function multikeys(): JsonSchema {
  return { type: 'array', items: object({ id: text, type: text, controller: text, publicKeyMultibase: text }) };
}

const statusFields: Readonly<Record<string, JsonSchema>> = {
  initialized: { type: 'boolean' },
  locked: { type: 'boolean' },
  version: { type: 'integer' },
  algorithm: text,
  derivation_method: { type: 'string', enum: ['passphrase', 'raw', 'derived'] },
  public_key: { ...fingerprint, description: 'The Ed25519 public key: 32 bytes in hex' },
  did: { ...text, description: 'The DID of the authority' },
  created_at: time,
  integrity_verified: { type: 'boolean' },
};

/** What `/api/crypto/status` answers. */
export const statusSchema: JsonSchema = object(statusFields, ['initialized']);

/** What `/api/crypto/init` answers. */
export const initializedSchema: JsonSchema = object(
  {
    ...statusFields,
    operator: {
      ...object({
        did: text,
        delegations: { ...text, description: 'A container with the delegations to the operator, in base64url' },
      }),
      description: 'Where one was named',
    },
  },
  ['initialized'],
);

/** How a database is to be initialised. */
export const initSchema: JsonSchema = object(
  {
    method: {
      type: 'string',
      enum: ['passphrase', 'derived'],
      description: 'Whether the passphrase unwraps the root secret, or is stretched into it',
    },
    passphrase: text,
    operator: { ...text, description: 'The did:key of a person to whom everything is delegated, until it is revoked' },
    security_level: {
      type: 'string',
      enum: ['interactive', 'balanced', 'sensitive'],
      description: 'Argon2id costs by name',
    },
    custom_params: {
      ...object({ memory_kib: { type: 'integer' }, passes: { type: 'integer' }, lanes: { type: 'integer' } }),
      description: "Argon2id costs that take the place of the level's",
    },
  },
  ['method', 'passphrase'],
);

/** What `/api/invoke` answers in JSON where it was done. */
export const invokedSchema: JsonSchema = {
  type: 'object',
  properties: {
    receipt: describeReceipt(object({ ok: { ...anyObject, description: 'The result of the command' } })),
    result: { ...anyObject, description: 'Of a command that reads' },
  },
  additionalProperties: false,
};

/** What `/api/invoke` answers in JSON where an error has a receipt. */
export const failedSchema: JsonSchema = object({
  receipt: describeReceipt(
    object({
      error: object({ code: codeSchema, message: text }),
    }),
  ),
});

function describeReceipt(out: JsonSchema): JsonSchema {
  return {
    ...object({
      cid: { ...text, description: 'The CID of the receipt' },
      ran: { ...text, description: 'The CID of the invocation' },
      executor: { ...text, description: 'The DID of the authority' },
      issued_at: { type: ['integer', 'null'], description: 'Seconds since 1970' },
      out,
    }),
    description: 'Of a command that writes',
  };
}

/** What is asked of `/api/verify`. */
export const querySchema: JsonSchema = object({
  hash: { ...fingerprint, description: 'SHA-256 of the package' },
  name: { type: 'string', minLength: 1, maxLength: 1024, description: 'The file name that it is expected under' },
  organisation: { type: 'string', minLength: 1, maxLength: 256, description: 'Whose trust decides: name or DID' },
  signatures: {
    type: 'array',
    minItems: 1,
    maxItems: 16,
    items: anyObject,
    description: 'The documents of a `.sig` file',
  },
});

/** What `/api/verify` answers. */
export const verdictSchema: JsonSchema = object(
  {
    verified: { type: 'boolean' },
    package_hash: fingerprint,
    signer_fingerprint: { ...fingerprint, description: 'SHA-256 of the public key that signed' },
    signer_label: { type: ['string', 'null'], description: 'What people call that key; nobody has signed it' },
    signed_at: time,
    expires_at: { type: ['string', 'null'], format: 'date-time' },
  },
  ['verified'],
);

/** The schema of an object of which all is required, unless it is said what. */
function object(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(properties),
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}
