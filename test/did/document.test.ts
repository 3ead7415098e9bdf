import { describe, expect, test } from 'vitest';
import { decodeDidKey, encodeDidKey } from '../../src/did/did-key.ts';
import { createDidDocument, readDidDocument, selectVerificationMethods } from '../../src/did/document.ts';
import { encodeJwk } from '../../src/did/jwk.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../src/did/private-key.ts';
import { expectCode } from '../support/codes.ts';

const edKey = 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
const p256Key = 'zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169';
const did = 'did:web:example.com';
const id = `${did}#key-1`;
const method = { id, type: 'Multikey', controller: did, publicKeyMultibase: edKey };
const all = ['authentication', 'assertionMethod', 'capabilityInvocation', 'capabilityDelegation'];

function documentOf(...methods: readonly unknown[]) {
  return { id: did, verificationMethod: methods };
}

// did:key v0.9, section 3.1.1, with the Multikey of its example.
test('the document of a did:key is that of the specification', () => {
  const own = `did:key:${edKey}`;
  expect(createDidDocument(decodeDidKey(own))).toEqual({
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: own,
    verificationMethod: [{ id: `${own}#${edKey}`, type: 'Multikey', controller: own, publicKeyMultibase: edKey }],
    authentication: [`${own}#${edKey}`],
    assertionMethod: [`${own}#${edKey}`],
    capabilityInvocation: [`${own}#${edKey}`],
    capabilityDelegation: [`${own}#${edKey}`],
  });
});

describe.each(['ed25519', 'p256', 'secp256k1'] as const)('a document with a key of %s', (type) => {
  test('is read back, for a did:key and for another DID', async () => {
    using key = await generatePrivateKey(type);
    const publicKey = await publicKeyOfPrivate(key);
    for (const [subject, subjectDid] of [
      [publicKey, encodeDidKey(publicKey)],
      [{ did, publicKey }, did],
    ] as const) {
      const document = JSON.parse(JSON.stringify(createDidDocument(subject)));
      expect(document.id).toBe(subjectDid);
      expect(readDidDocument(document, subjectDid)).toEqual([
        { id: document.verificationMethod[0].id, publicKey, purposes: all },
      ]);
    }
  });

  test('is read from a JWK', async () => {
    using key = await generatePrivateKey(type);
    const publicKey = await publicKeyOfPrivate(key);
    for (const name of ['JsonWebKey', 'JsonWebKey2020']) {
      const jwkMethod = { id, type: name, controller: did, publicKeyJwk: encodeJwk(publicKey) };
      expect(readDidDocument(documentOf(jwkMethod), did)).toEqual([{ id, publicKey, purposes: [] }]);
    }
  });
});

describe('the purposes of a key', () => {
  test('are those under which its id stands, absolute or relative', () => {
    const document = { ...documentOf(method), capabilityDelegation: [id], authentication: ['#key-1', id] };
    expect(readDidDocument(document, did)[0]?.purposes).toEqual(['authentication', 'capabilityDelegation']);
  });

  test('are not widened by key agreement', () => {
    expect(readDidDocument({ ...documentOf(method), keyAgreement: [id] }, did)[0]?.purposes).toEqual([]);
  });

  test('may hold the key itself', () => {
    expect(readDidDocument({ id: did, capabilityInvocation: [method] }, did)).toMatchObject([
      { id, purposes: ['capabilityInvocation'] },
    ]);
  });

  test('may name a key that is not there', () => {
    expect(readDidDocument({ ...documentOf(method), authentication: [`${did}#key-2`] }, did)).toHaveLength(1);
  });
});

describe('no key comes from', () => {
  test.each([
    ['an empty document', { id: did }],
    ['alsoKnownAs', { id: did, alsoKnownAs: [`did:key:${edKey}`] }],
    ['a controller', { id: did, controller: `did:key:${edKey}` }],
    ['a service', { id: did, service: [method] }],
    ['a key under another controller', documentOf({ ...method, controller: 'did:web:example.org' })],
    ['a key under the id of another DID', documentOf({ ...method, id: 'did:web:example.org#key-1' })],
    ['a key under an id that only begins alike', documentOf({ ...method, id: `${did}.org#key-1` })],
    [
      'a key of key agreement',
      documentOf({ ...method, publicKeyMultibase: 'z6LShLeXRTzevtwcfehaGEzCMyL3bNsAeKCwcqwJxyCo63yE' }),
    ],
    ['another type', documentOf({ ...method, type: 'Ed25519VerificationKey2018' })],
    ['an RSA key', documentOf({ ...method, type: 'JsonWebKey', publicKeyJwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } })],
    ['a JWK of a Multikey', documentOf({ ...method, type: 'JsonWebKey' })],
    ['a multibase that is none', documentOf({ ...method, publicKeyMultibase: 'z6Mk' })],
  ])('%s', (_, document) => {
    expect(readDidDocument(document, did)).toEqual([]);
  });
});

describe('what is no document of the DID is bad input:', () => {
  const zeros = 'z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP';
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a list', [documentOf(method)]],
    ['a text', 'document'],
    ['no id', { verificationMethod: [method] }],
    ['the id of another', { ...documentOf(method), id: 'did:web:example.org' }],
    ['the id with a fragment', { ...documentOf(method), id }],
    ['the id in capital letters', { ...documentOf(method), id: 'did:web:Example.com' }],
    ['keys that are no list', { id: did, verificationMethod: method }],
    ['a key that is no object', documentOf('key')],
    ['a key without an id', documentOf({ ...method, id: undefined })],
    ['a key with a number for an id', documentOf({ ...method, id: 1 })],
    ['a key with a long id', documentOf({ ...method, id: `${did}#${'a'.repeat(1024)}` })],
    ['two keys of one id', documentOf(method, { ...method, publicKeyMultibase: p256Key })],
    ['two keys of one id, one relative', documentOf(method, { ...method, id: '#key-1' })],
    ['two keys of one id, one within a purpose', { ...documentOf(method), authentication: [method] }],
    ['33 keys', documentOf(...Array.from({ length: 33 }, (_, index) => ({ ...method, id: `#${index}` })))],
    ['33 references', { ...documentOf(method), authentication: Array.from({ length: 33 }, () => id) }],
    ['references that are no list', { ...documentOf(method), authentication: id }],
    ['a reference that is a number', { ...documentOf(method), authentication: [1] }],
    ['a Multikey without a key', documentOf({ ...method, publicKeyMultibase: undefined })],
    ['a weak key', documentOf({ ...method, publicKeyMultibase: zeros })],
    [
      'a JWK with its private key',
      documentOf({ ...method, type: 'JsonWebKey', publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: 'a', d: 'b' } }),
    ],
  ])('%s', async (_, document) => {
    await expectCode('bad_input', () => readDidDocument(document, did));
  });
});

test('32 keys are read', () => {
  const keys = Array.from({ length: 32 }, (_, index) => ({ ...method, id: `#${index}` }));
  expect(readDidDocument(documentOf(...keys), did)).toHaveLength(32);
});

test('a fragment selects one key, its absence all, and another DID none', () => {
  const methods = readDidDocument(documentOf(method, { ...method, id: '#key-2', publicKeyMultibase: p256Key }), did);
  expect(selectVerificationMethods(methods, did)).toEqual(methods);
  expect(selectVerificationMethods(methods, `${did}#key-2`)).toEqual([methods[1]]);
  expect(selectVerificationMethods(methods, `${did}#key-3`)).toEqual([]);
  expect(selectVerificationMethods(methods, 'did:web:example.org#key-1')).toEqual([]);
});
