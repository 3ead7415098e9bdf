import { base58btc } from 'multiformats/bases/base58';
import { describe, expect, test } from 'vitest';
import { x25519KeyOfSeed, x25519PublicKeyOf } from '../../src/crypto/x25519.ts';
import { decodeDidKey, encodeDidKey, isDidKey } from '../../src/did/did-key.ts';
import {
  createDidDocument,
  didDocumentLimits,
  readDidDocument,
  selectVerificationMethods,
} from '../../src/did/document.ts';
import { encodeJwk } from '../../src/did/jwk.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../src/did/private-key.ts';
import { expectCode } from '../support/codes.ts';
import { readVectors } from '../support/vectors.ts';

const edKey = 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
const x25519Key = 'z6LSj72tK8brWgZja8NLRwPigth2T9QRiG1uH9oKZuKjdh9p';
const secpKey = 'zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme';
const p256Key = 'zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169';
const did = 'did:web:example.com';
const id = `${did}#key-1`;
const method = { id, type: 'Multikey', controller: did, publicKeyMultibase: edKey };
const all = ['authentication', 'assertionMethod', 'capabilityInvocation', 'capabilityDelegation'];

function documentOf(...methods: readonly unknown[]) {
  return { id: did, verificationMethod: methods };
}

interface Published {
  readonly did: string;
  readonly method: { readonly id: string; readonly type: string };
  readonly keyAgreement?: { readonly publicKeyBase58: string };
}

describe('the published document of', () => {
  const published = readVectors<readonly Published[]>('did/did-key.json').filter(({ did: own }) => isDidKey(own));

  test.each(published)('$did is read', ({ did: own, method: only }) => {
    const id = only.id.startsWith('#') ? own + only.id : only.id;
    const document = { id: own, verificationMethod: [only], assertionMethod: [only.id] };
    expect(readDidDocument(document, own)).toEqual([
      { id, publicKey: decodeDidKey(own), purposes: ['assertionMethod'] },
    ]);
  });

  test.each(published.filter(({ keyAgreement }) => keyAgreement))(
    '$did has the key for agreement that is made here',
    ({ did: own, keyAgreement }) => {
      const [agreed] = createDidDocument(decodeDidKey(own)).keyAgreement ?? [];
      const bytes = base58btc.decode(agreed?.publicKeyMultibase ?? '').slice(2);
      expect(base58btc.encode(bytes)).toBe(`z${keyAgreement?.publicKeyBase58}`);
    },
  );
});

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
    keyAgreement: [{ id: `${own}#${x25519Key}`, type: 'Multikey', controller: own, publicKeyMultibase: x25519Key }],
  });
});

describe('the key for agreement', () => {
  test.each([
    ['z6MkmjY8GnV5i9YTDtPETC2uUAW6ejw3nk5mXF5yci5ab7th', 'z6LShpNhGwSupbB7zjuivH156vhLJBDDzmQtA4BY9S94pe1K'],
    [edKey, x25519Key],
  ])('that is published beside %s is %s', (multibase, expected) => {
    const [agreed, ...more] = createDidDocument(decodeDidKey(`did:key:${multibase}`)).keyAgreement ?? [];
    expect(agreed?.publicKeyMultibase).toBe(expected);
    expect(more).toEqual([]);
  });

  test('of another DID is named under that DID', () => {
    const publicKey = decodeDidKey(`did:key:${edKey}`);
    expect(createDidDocument({ did, publicKey }).keyAgreement).toEqual([
      { id: `${did}#${x25519Key}`, type: 'Multikey', controller: did, publicKeyMultibase: x25519Key },
    ]);
  });

  test('opens what is sealed to the DID, with the seed of the DID alone', async () => {
    using key = await generatePrivateKey('ed25519');
    const [agreed] = createDidDocument(await publicKeyOfPrivate(key)).keyAgreement ?? [];
    const bytes = base58btc.decode(agreed?.publicKeyMultibase ?? '');
    expect([bytes[0], bytes[1], bytes.length]).toEqual([0xec, 0x01, 34]);
    using agreement = await x25519KeyOfSeed(key.secret);
    expect(await x25519PublicKeyOf(agreement)).toEqual(bytes.slice(2));
  });

  test.each(['p256', 'secp256k1'] as const)('is left out beside a key of %s', async (type) => {
    using key = await generatePrivateKey(type);
    expect(createDidDocument(await publicKeyOfPrivate(key))).not.toHaveProperty('keyAgreement');
  });

  test('signs nothing where a document is read', () => {
    const document = createDidDocument({ did, publicKey: decodeDidKey(`did:key:${edKey}`) });
    expect(readDidDocument(document, did).map(({ id: each }) => each)).toEqual([`${did}#${edKey}`]);
    expect(readDidDocument({ id: did, keyAgreement: [method] }, did)).toEqual([]);
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
    ['another type', documentOf({ ...method, type: 'Ed25519VerificationKey2016' })],
    ['a type that means something to JavaScript', documentOf({ ...method, type: 'constructor' })],
    [
      'an RSA key of 1024 bits',
      documentOf({ ...method, type: 'JsonWebKey', publicKeyJwk: { kty: 'RSA', n: 'A'.repeat(171), e: 'AQAB' } }),
    ],
    [
      'an RSA key of 40 bits',
      documentOf({ ...method, type: 'JsonWebKey', publicKeyJwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }),
    ],
    ['a JWK of a Multikey', documentOf({ ...method, type: 'JsonWebKey' })],
    ['an invalid multibase', documentOf({ ...method, publicKeyMultibase: 'z6Mk' })],
  ])('%s', (_, document) => {
    expect(readDidDocument(document, did)).toEqual([]);
  });
});

// lds-ed25519-2018, vc-di-eddsa and lds-ecdsa-secp256k1-2019, "Key Format", with the keys of their examples.
describe('a key of an older type', () => {
  const hex = (key: string) => Buffer.from(base58btc.decode(key).slice(2)).toString('hex');
  const base58 = (key: string) => base58btc.encode(base58btc.decode(key).slice(2)).slice(1);
  const jwk = (key: string) => encodeJwk(decodeDidKey(`did:key:${key}`));
  const [old, recent, secp] = [
    'Ed25519VerificationKey2018',
    'Ed25519VerificationKey2020',
    'EcdsaSecp256k1VerificationKey2019',
  ];
  const keyOf = (members: object) => documentOf({ id, controller: did, ...members });

  test.each<[string, string, object]>([
    [old, edKey, { publicKeyBase58: base58(edKey) }],
    [old, edKey, { publicKeyMultibase: edKey }],
    [old, edKey, { publicKeyJwk: jwk(edKey) }],
    [recent, edKey, { publicKeyMultibase: edKey }],
    [secp, secpKey, { publicKeyBase58: base58(secpKey) }],
    [secp, secpKey, { publicKeyMultibase: secpKey }],
    [secp, secpKey, { publicKeyJwk: jwk(secpKey) }],
    [secp, secpKey, { publicKeyHex: hex(secpKey) }],
  ])('%s of %s is read, with its purposes, from %j', (type, key, material) => {
    const document = { ...keyOf({ type, ...material }), capabilityInvocation: [id] };
    expect(readDidDocument(document, did)).toEqual([
      { id, publicKey: decodeDidKey(`did:key:${key}`), purposes: ['capabilityInvocation'] },
    ]);
  });

  test.each<[string, string, object]>([
    ['a multicodec of another type', old, { publicKeyMultibase: secpKey }],
    ['a multicodec of another type', recent, { publicKeyMultibase: p256Key }],
    ['a multicodec for agreement', recent, { publicKeyMultibase: x25519Key }],
    ['a multicodec of another curve', secp, { publicKeyMultibase: p256Key }],
    ['a JWK of another type', old, { publicKeyJwk: jwk(secpKey) }],
    ['a JWK of another curve', secp, { publicKeyJwk: jwk(p256Key) }],
    ['a JWK of RSA', old, { publicKeyJwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }],
    ['a JWK with its private key', old, { publicKeyJwk: { ...jwk(edKey), d: 'AQAB' } }],
    ['base58, which it does not define', recent, { publicKeyBase58: base58(edKey) }],
    ['a JWK, which it does not define', recent, { publicKeyJwk: jwk(edKey) }],
    ['hexadecimal, which it does not define', old, { publicKeyHex: hex(edKey) }],
    ['no key', old, {}],
    ['no key', secp, { blockchainAccountId: 'eip155:1:0x89a932207c485f85226d86f7cd486a89a24fcc12' }],
    ['two forms of its key', old, { publicKeyBase58: base58(edKey), publicKeyMultibase: edKey }],
    ['base58 with a multicodec', old, { publicKeyBase58: edKey.slice(1) }],
    ['base58 with the letter of its multibase', old, { publicKeyBase58: `z${base58(edKey)}` }],
    ['base58 of 31 bytes', old, { publicKeyBase58: base58btc.encode(new Uint8Array(31).fill(7)).slice(1) }],
    ['base58 of a weak key', old, { publicKeyBase58: base58btc.encode(new Uint8Array(32)).slice(1) }],
    ['base58 of a thousand characters', old, { publicKeyBase58: '6'.repeat(1000) }],
    ['invalid base58', old, { publicKeyBase58: '0OIl' }],
    ['base58 that is a number', old, { publicKeyBase58: 1 }],
    ['base58 of a point that is not on the curve', secp, { publicKeyBase58: `z${'z'.repeat(44)}` }],
    ['hexadecimal of an uncompressed point', secp, { publicKeyHex: `04${'11'.repeat(64)}` }],
    ['hexadecimal in capital letters', secp, { publicKeyHex: hex(secpKey).toUpperCase() }],
    ['invalid hexadecimal', secp, { publicKeyHex: 'xyz' }],
    ['hexadecimal in a list', secp, { publicKeyHex: [hex(secpKey)] }],
  ])('with %s in a %s is bad input', async (_, type, material) => {
    await expectCode('bad_input', () => readDidDocument(keyOf({ type, ...material }), did));
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

test('a document has so many keys, wherever they stand in it: each may be tried for each signature', async () => {
  const keyOf = (index: number) => ({ ...method, id: `#key-${index}` });
  const keys = Array.from({ length: didDocumentLimits.methods }, (_, index) => keyOf(index));
  const whole = documentOf(...keys);
  expect(readDidDocument(whole, did)).toHaveLength(didDocumentLimits.methods);
  for (const purpose of all) {
    await expectCode('bad_input', () => readDidDocument({ ...whole, [purpose]: [keyOf(keys.length)] }, did));
  }
});
