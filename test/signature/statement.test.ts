import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { decodeStatements, encodeStatement, type PackageStatement } from '../../src/signature/statement.ts';
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

function decodeStatement(bytes: Uint8Array): PackageStatement {
  const [statement, ...others] = decodeStatements(bytes);
  expect(others).toEqual([]);
  return statement;
}

function decode(value: unknown): PackageStatement {
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

// in-toto Statement v1, "Parsing rules".
describe('passed over is', () => {
  test.each<[string, unknown]>([
    ['a field that is not known', { ...good, extra: 1 }],
    ['a field of the subject that is not known', { ...good, subject: [{ ...subject, uri: 'x', annotations: {} }] }],
    ['another digest', { ...good, subject: [{ ...subject, digest: { gitCommit: 'x', sha256: hash, sha512: 'y' } }] }],
    ['a subject of other digests alone', { ...good, subject: [{ name: 'x', digest: { sha512: 'y' } }, subject] }],
    ['a subject without a name', { ...good, subject: [{ digest: subject.digest }, subject] }],
  ])('%s', (_, statement) => {
    expect(decode(statement)).toEqual(decode(good));
  });

  test('a field named __proto__, which changes nothing', () => {
    const text = JSON.stringify(good).replace(
      '"subject":[{',
      '"__proto__":{"subject":[]},"subject":[{"__proto__":{"name":"x"},',
    );
    expect(decodeStatement(encodeUtf8(text))).toEqual(decode(good));
  });
});

test('of several subjects each is stated, in their order', () => {
  const other = { name: 'other.wasm', digest: { sha256: fingerprint } };
  const statements = decodeStatements(encodeUtf8(JSON.stringify({ ...good, subject: [subject, other] })));
  expect(statements).toEqual([decode(good), { ...decode(good), name: other.name, packageHash: fingerprint }]);
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
    ['no subject', { ...good, subject: [] }],
    ['more than 256 subjects', { ...good, subject: Array(257).fill(subject) }],
    ['no subject with a name', withSubject({ digest: subject.digest })],
    ['a subject without a digest', { ...good, subject: [subject, { name: 'other.wasm' }] }],
    ['a subject that is no array', { ...good, subject }],
    ['a subject that is null', withSubject(null)],
    ['an empty name', withSubject({ ...subject, name: '' })],
    ['a name of more than 1,024 characters', withSubject({ ...subject, name: 'a'.repeat(1025) })],
    ['a name that is a number', withSubject({ ...subject, name: 1 })],
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
  ])('%s', async (_, bytes) => {
    await expectCode('malformed_signature', () => decodeStatement(bytes));
  });
});
