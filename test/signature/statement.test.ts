import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { decodeStatement, encodeStatement } from '../../src/signature/statement.ts';
import { expectCode } from '../support/codes.ts';

const hash = 'ab'.repeat(32);
const fingerprint = 'cd'.repeat(32);
const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';
const subject = { name: 'plugin.wasm', digest: { sha256: hash } };
const predicate = { organization: did, key_fingerprint: fingerprint, signed_at: '2026-03-01T12:00:00.000Z' };
const good = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [subject],
  predicateType: 'urn:x-hanaper:package-signature:v1',
  predicate,
};

function decode(value: unknown) {
  return decodeStatement(encodeUtf8(JSON.stringify(value)));
}

test('a statement is the in-toto Statement v1 with one subject', () => {
  const statement = {
    name: 'plugin.wasm',
    packageHash: hash,
    organisation: did,
    keyFingerprint: fingerprint,
    signedAt: '2026-03-01T12:00:00.000Z',
  };
  expect(JSON.parse(new TextDecoder().decode(encodeStatement(statement)))).toEqual(good);
  expect(decode(good)).toEqual(statement);
});

test('every statement is read back', () => {
  const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
  const time = fc
    .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
    .map((date) => date.toISOString());
  const statements = fc.record(
    {
      name: fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
      packageHash: hex,
      organisation: fc.constant(did),
      keyFingerprint: hex,
      signedAt: time,
      expiresAt: time,
    },
    { requiredKeys: ['name', 'packageHash', 'organisation', 'keyFingerprint', 'signedAt'] },
  );
  fc.assert(
    fc.property(statements, (statement) => {
      expect(decodeStatement(encodeStatement(statement))).toEqual(statement);
    }),
  );
});

test('a statement that has a member twice is malformed', async () => {
  const twice = JSON.stringify(good).replace('"name":', '"name":"other.wasm","name":');
  await expectCode('malformed_signature', () => decodeStatement(encodeUtf8(twice)));
});

test('white space and another order of keys change nothing that is read', () => {
  const shuffled = { predicate, predicateType: good.predicateType, subject: good.subject, _type: good._type };
  expect(decodeStatement(encodeUtf8(JSON.stringify(shuffled, null, 2)))).toEqual(decode(good));
});

describe('a statement is malformed with', () => {
  const withSubject = (changed: unknown) => ({ ...good, subject: [changed] });
  const withPredicate = (changed: object) => ({ ...good, predicate: { ...predicate, ...changed } });
  test.each<[string, unknown]>([
    ['another type', { ...good, _type: 'https://in-toto.io/Statement/v0.1' }],
    ['a type with a slash behind it', { ...good, _type: `${good._type}/` }],
    ['no type', { ...good, _type: undefined }],
    ['another predicate type', { ...good, predicateType: 'https://slsa.dev/provenance/v1' }],
    ['a later predicate type', { ...good, predicateType: 'urn:x-hanaper:package-signature:v2' }],
    ['an unknown key', { ...good, extra: 1 }],
    ['no subject', { ...good, subject: [] }],
    ['two subjects', { ...good, subject: [subject, subject] }],
    ['a subject that is no array', { ...good, subject }],
    ['a subject that is null', withSubject(null)],
    ['an unknown key in the subject', withSubject({ ...subject, uri: 'x' })],
    ['an empty name', withSubject({ ...subject, name: '' })],
    ['a name of more than 1,024 characters', withSubject({ ...subject, name: 'a'.repeat(1025) })],
    ['a name that is a number', withSubject({ ...subject, name: 1 })],
    ['a second digest', withSubject({ ...subject, digest: { sha256: hash, sha512: 'x' } })],
    ['no SHA-256', withSubject({ ...subject, digest: {} })],
    ['an upper-case SHA-256', withSubject({ ...subject, digest: { sha256: hash.toUpperCase() } })],
    ['a short SHA-256', withSubject({ ...subject, digest: { sha256: hash.slice(2) } })],
    ['no organisation', withPredicate({ organization: undefined })],
    ['an organisation that is no DID', withPredicate({ organization: 'acme' })],
    ['an organisation of more than 256 characters', withPredicate({ organization: `did:${'a'.repeat(256)}` })],
    ['an upper-case fingerprint', withPredicate({ key_fingerprint: fingerprint.toUpperCase() })],
    ['no fingerprint', withPredicate({ key_fingerprint: undefined })],
    ['no time', withPredicate({ signed_at: undefined })],
    ['a time with an offset', withPredicate({ signed_at: '2026-03-01T12:00:00+01:00' })],
    ['a day that does not exist', withPredicate({ signed_at: '2026-02-30T12:00:00Z' })],
    ['an expiry that is null', withPredicate({ expires_at: null })],
    ['an expiry that is a number', withPredicate({ expires_at: 1772366400 })],
    ['an expiry that is no time', withPredicate({ expires_at: 'never' })],
    ['an unknown key in the predicate', withPredicate({ scope: 'all' })],
    ['a predicate that is an array', { ...good, predicate: [predicate] }],
    ['an array around it', [good]],
    ['a number in its place', 7],
  ])('%s', async (_, statement) => {
    await expectCode('malformed_signature', () => decode(statement));
  });

  test.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array()],
    ['a byte-order mark', encodeUtf8(`\ufeff${JSON.stringify(good)}`)],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d)],
    ['text behind it', encodeUtf8(`${JSON.stringify(good)} {}`)],
    ['a key named __proto__', encodeUtf8(`{"__proto__":{},${JSON.stringify(good).slice(1)}`)],
  ])('%s', async (_, bytes) => {
    await expectCode('malformed_signature', () => decodeStatement(bytes));
  });
});
