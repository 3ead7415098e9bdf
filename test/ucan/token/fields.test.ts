import { describe, expect, test } from 'vitest';
import { decodeDelegation, decodeInvocation, decodeToken, formatCid, isDid, limits } from '../../../src/ucan/index.ts';
import { Cbor, float, map, type Raw } from '../../support/cbor.ts';
import { expectCode } from '../../support/codes.ts';
import { delegate, invoke, now, principal, type RawFields, rawDelegation, rawInvocation } from '../../support/ucan.ts';

const alice = await principal('alice');
const bob = await principal('bob');
const { cid } = await delegate(alice, bob);
const cids = (count: number): Raw => Array(count).fill(cid);
const text = (length: number): string => 'a'.repeat(length);

const dids: [string, Raw][] = [
  ['missing', undefined as never],
  ['null', null],
  ['a number', 1],
  ['bytes', new TextEncoder().encode(alice.did)],
  ['a list', [alice.did]],
  ['empty', ''],
  ['no DID', 'alice'],
  ['the scheme alone', 'did:'],
  ['without a method', 'did::abc'],
  ['without an identifier', 'did:key:'],
  ['in upper case', alice.did.replace('did', 'DID')],
  ['of a method in upper case', 'did:KEY:abc'],
  ['a DID URL with a fragment', `${alice.did}#${alice.did.slice(8)}`],
  ['a DID URL with a path', `${alice.did}/path`],
  ['a DID URL with a query', `${alice.did}?service=a`],
  ['with white space', `${alice.did} `],
  ['with a newline', `${alice.did}\n`],
  ['with a letter that is not ASCII', 'did:web:exämple.com'],
  ['longer than 2048 characters', `did:web:${text(2041)}`],
];
const commands: [string, Raw][] = [
  ['missing', undefined as never],
  ['null', null],
  ['a list', ['/a']],
  ['empty', ''],
  ['without its first slash', 'package/sign'],
  ['with a slash at its end', '/package/'],
  ['with an empty segment', '/package//sign'],
  ['of two slashes', '//'],
  ['in upper case', '/Package'],
  ['in upper case that is not ASCII', '/É'],
  ['with a space before it', ' /package'],
  ['longer than 1024 characters', `/${text(1024)}`],
];
const nonces: [string, Raw][] = [
  ['missing', undefined as never],
  ['null', null],
  ['text', 'nonce'],
  ['a number', 1],
  ['a list', [1, 2]],
  ['longer than 1024 bytes', new Uint8Array(1025)],
];
const times: [string, Raw][] = [
  ['text', '2026-01-01T00:00:00Z'],
  ['bytes', Uint8Array.of(1)],
  ['a fraction', now + 0.5],
  ['a float that is whole', float(now)],
  ['a float of zero', float(0)],
  ['a float of negative zero', float(-0)],
  ['negative', -1],
  ['true', true],
  ['a list', [now]],
];
const maps: [string, Raw][] = [
  ['null', null],
  ['a list', []],
  ['text', 'args'],
  ['bytes', new Uint8Array(0)],
  ['a link', cid],
  ['a number', 0],
];
const missing: [string, Raw] = ['missing', undefined as never];
const cidLists: [string, Raw][] = [
  ['null', null],
  ['a link alone', cid],
  ['a map', map({})],
  ['a list of text', [formatCid(cid)]],
  ['a list of bytes', [cid.bytes]],
  ['a list with null', [cid, null]],
  ['a list of links to files', [new Cbor(Buffer.from(`d82a58250001551220${'00'.repeat(32)}`, 'hex'))]],
  ['a list of 65', cids(65)],
];

const forDelegations: [string, [string, Raw][]][] = [
  ['iss', dids],
  ['aud', dids],
  ['sub', dids.filter(([name]) => name !== 'missing' && name !== 'null')],
  ['cmd', commands],
  ['pol', [missing, ['null', null], ['a map', map({})], ['text', '[]'], ['of no statements', [1]]]],
  ['nonce', nonces],
  ['exp', [missing, ...times]],
  ['nbf', [['null', null], ...times]],
  ['meta', maps],
];
const forInvocations: [string, [string, Raw][]][] = [
  ['iss', dids],
  ['sub', dids],
  ['aud', dids.filter(([name]) => name !== 'missing')],
  ['cmd', commands],
  ['args', [missing, ...maps]],
  ['prf', [missing, ...cidLists]],
  ['nonce', nonces],
  ['exp', [missing, ...times]],
  ['iat', [['null', null], ...times]],
  ['meta', maps],
  [
    'cause',
    [
      ['null', null],
      ['text', formatCid(cid)],
      ['a list', [cid]],
    ],
  ],
];

const cases = (fields: [string, [string, Raw][]][]): [string, string, Raw][] =>
  fields.flatMap(([field, values]) => values.map(([name, value]): [string, string, Raw] => [field, name, value]));

describe('a delegation is malformed whose', () => {
  test.each(cases(forDelegations))('%s is %s', async (field, _, value) => {
    const bytes = await rawDelegation(alice, { [field]: value });
    const { details } = await expectCode('malformed_token', () => decodeDelegation(bytes));
    expect(String(details['field'])).toMatch(new RegExp(`^${field}`));
  });
});

describe('an invocation is malformed whose', () => {
  test.each(cases(forInvocations))('%s is %s', async (field, _, value) => {
    const bytes = await rawInvocation(alice, { [field]: value });
    const { details } = await expectCode('malformed_token', () => decodeInvocation(bytes));
    expect(String(details['field'])).toMatch(new RegExp(`^${field}`));
  });
});

describe('a time beyond 2^53 − 1 is malformed', () => {
  test.each(['1b0020000000000000', '1bffffffffffffffff'])('%s', async (hex) => {
    const exp = new Cbor(Buffer.from(hex, 'hex'));
    await expectCode('malformed_token', async () => decodeToken(await rawDelegation(alice, { exp })));
    await expectCode('malformed_token', async () => decodeToken(await rawDelegation(alice, { nbf: exp })));
    await expectCode('malformed_token', async () => decodeToken(await rawInvocation(alice, { exp })));
  });
});

describe('a payload with a key that is not known is malformed:', () => {
  const keys = ['', 'fct', 'prf', 'ISS', 'iss ', 'ıss', 'nbf2', 'constructor', '__proto__', 'toString', text(300)];
  test.each(keys)('a delegation with %j', async (key) => {
    const bytes = await rawDelegation(alice, { [key]: 1 });
    const { message } = await expectCode('malformed_token', () => decodeDelegation(bytes));
    expect(message.length).toBeLessThan(120);
  });

  test.each(['', 'nbf', 'pol', 'fct', 'constructor', '__proto__'])('an invocation with %j', async (key) => {
    const bytes = await rawInvocation(alice, { [key]: 1 });
    await expectCode('malformed_token', () => decodeInvocation(bytes));
  });
});

describe('a payload is well-formed:', () => {
  const later: RawFields[] = [
    { sub: null },
    { sub: undefined },
    { exp: 0 },
    { exp: Number.MAX_SAFE_INTEGER },
    { nbf: 0, exp: 1 },
    { nonce: new Uint8Array(0) },
    { nonce: new Uint8Array(limits.nonceBytes) },
    { cmd: `/${text(1023)}` },
    { cmd: '/a/b-c/*' },
    { aud: 'did:web:example.com%3A3000:user:alice' },
    { meta: map({}) },
    { meta: map({ anything: [1.5, map({ a: cid })] }) },
  ];
  test.each(later)('a delegation with %j', async (changes) => {
    expect(decodeDelegation(await rawDelegation(alice, changes))).toMatchObject({ kind: 'delegation' });
  });

  const invocations: RawFields[] = [
    { prf: cids(64) },
    { aud: bob.did },
    { aud: undefined },
    { iat: now },
    { cause: cid },
    { nonce: new Uint8Array(0) },
    { args: map({ prf: 1, a: map({}) }) },
    { sub: 'did:example:abc' },
  ];
  test.each(invocations)('an invocation with %j', async (changes) => {
    expect(decodeInvocation(await rawInvocation(alice, changes))).toMatchObject({ kind: 'invocation' });
  });
});

test('a powerline is one with a subject of null, and one without a subject', async () => {
  expect(decodeDelegation(await rawDelegation(alice, { sub: null })).subject).toBeNull();
  expect(decodeDelegation(await rawDelegation(alice, { sub: undefined })).subject).toBeNull();
});

test('a key of args or meta that means something to JavaScript is a key like any other', async () => {
  const hostile = new Cbor([0xa1], [0x69], Buffer.from('__proto__'), [0xa1, 0x61, 0x61, 0x01]);
  const { args, meta } = decodeInvocation(await rawInvocation(alice, { args: hostile, meta: hostile }));
  for (const read of [args, meta ?? {}]) {
    expect(Object.keys(read)).toEqual(['__proto__']);
    expect(read['a']).toBeUndefined();
    expect(Object.getPrototypeOf(read)).toBeNull();
  }
  expect('a' in {}).toBe(false);
});

test('a token of the one kind is not read as the other', async () => {
  const delegation = await rawDelegation(alice, {});
  const invocation = await rawInvocation(alice, {});
  expect(decodeToken(delegation).kind).toBe('delegation');
  expect(decodeToken(invocation).kind).toBe('invocation');
  await expectCode('malformed_token', () => decodeInvocation(delegation));
  await expectCode('malformed_token', () => decodeDelegation(invocation));
  await expectCode('malformed_token', async () =>
    decodeToken(await rawDelegation(alice, {}, { tag: 'ucan/inv@1.0.0-rc.1' })),
  );
  await expectCode('malformed_token', async () =>
    decodeToken(await rawInvocation(alice, {}, { tag: 'ucan/dlg@1.0.0-rc.1' })),
  );
});

test('a decoded token cannot be changed', async () => {
  const delegation = await delegate(alice, bob);
  expect(Object.isFrozen(delegation)).toBe(true);
  expect(() => Object.assign(delegation, { issuer: bob.did })).toThrow(TypeError);
});

describe('what cannot be signed is told before:', () => {
  test.each<[string, Record<string, unknown>, 'bad_input' | 'malformed_token']>([
    ['an audience that is no DID', { audience: 'bob' }, 'malformed_token'],
    ['a command in upper case', { command: '/A' }, 'malformed_token'],
    ['a time that is a fraction', { expiration: 1.5 }, 'malformed_token'],
    ['a time that is no number', { expiration: Number.NaN }, 'bad_input'],
    ['a time beyond 2^53', { expiration: 2 ** 53 }, 'bad_input'],
    ['a policy with an unknown operator', { policy: [['=', '.a', 1]] }, 'malformed_token'],
    ['a policy with undefined in it', { policy: [['==', '.a', undefined]] }, 'bad_input'],
    ['meta that is a list', { meta: [] }, 'bad_input'],
    ['meta with a function', { meta: { a: () => 1 } }, 'bad_input'],
    ['a nonce that is too long', { nonce: new Uint8Array(1025) }, 'malformed_token'],
  ])('%s', async (_, claims, code) => {
    await expectCode(code, () => delegate(alice, bob, claims));
  });

  test.each<[string, Record<string, unknown>, 'bad_input' | 'malformed_token']>([
    ['args that are a list', { args: [] }, 'bad_input'],
    ['args that are null', { args: null }, 'bad_input'],
    ['65 proofs', { proofs: Array(65).fill(cid) }, 'malformed_token'],
    ['an audience with a fragment', { audience: `${alice.did}#a` }, 'malformed_token'],
  ])('%s', async (_, claims, code) => {
    await expectCode(code, () => invoke(alice, alice, [], claims));
  });
});

test('a nonce is of 12 random bytes unless told otherwise', async () => {
  const [one, two] = [await delegate(alice, bob), await delegate(alice, bob)];
  expect(one.nonce).toHaveLength(12);
  expect(one.nonce).not.toEqual(two.nonce);
});

test('a DID is of DID Core, without path, query or fragment', () => {
  expect(isDid(alice.did)).toBe(true);
  expect(isDid('did:web:example.com')).toBe(true);
  expect(isDid(`${alice.did}#key`)).toBe(false);
});
