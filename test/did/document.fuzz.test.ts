import fc from 'fast-check';
import { test } from 'vitest';
import { readDidDocument } from '../../src/did/document.ts';
import { decodePublicJwk } from '../../src/did/jwk.ts';
import { expectOnlyHanaperErrors } from '../support/codes.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const did = 'did:web:example.com';
const numRuns = fuzzRuns(3000);
const ids = fc.oneof(fc.constantFrom(`${did}#a`, '#a', '#b', did), fc.string(), fc.jsonValue());
const jwk = fc.record(
  {
    kty: fc.constantFrom('OKP', 'EC'),
    crv: fc.constantFrom('Ed25519', 'P-256', 'secp256k1'),
    x: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    y: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  },
  { requiredKeys: ['kty', 'crv'] },
);
const method = fc.record(
  {
    id: ids,
    type: fc.constantFrom('Multikey', 'JsonWebKey', 'JsonWebKey2020', 'Other'),
    controller: fc.constantFrom(did, 'did:web:example.org'),
    publicKeyMultibase: fc.oneof(
      fc.string(),
      fc.constant('z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'),
      fc.jsonValue(),
    ),
    publicKeyJwk: fc.oneof(jwk, fc.jsonValue()),
  },
  { requiredKeys: ['id', 'type', 'controller'] },
);
const list = fc.oneof(fc.array(fc.oneof(method, ids)), fc.jsonValue());
const document = fc.record(
  { id: fc.constantFrom(did, did, did, 'did:web:example.org'), verificationMethod: list, authentication: list },
  { requiredKeys: [] },
);

test('whatever the document, reading it throws nothing but a HanaperError', () => {
  fc.assert(
    fc.property(fc.oneof(document, fc.jsonValue()), (json) => {
      expectOnlyHanaperErrors(() => readDidDocument(json, did));
    }),
    { numRuns },
  );
});

test('whatever the JWK, reading it throws nothing but a HanaperError', () => {
  fc.assert(
    fc.property(fc.oneof(jwk, fc.jsonValue()), (json) => {
      expectOnlyHanaperErrors(() => decodePublicJwk(json));
    }),
    { numRuns },
  );
});
