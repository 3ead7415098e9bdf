import { describe, expect, test } from 'vitest';
import { encodeBase64, encodeUtf8 } from '../../../src/bytes.ts';
import { decodeLegacyToken, decodeToken, unpackTokens, verifyLegacySignature } from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import { type LegacyChanges, signJwt, signLatestLegacy, signLegacy } from '../../support/legacy.ts';
import { keyTypes, later, principal, principals } from '../../support/ucan.ts';
import { readVectors } from '../../support/vectors.ts';

interface Fixture {
  readonly comment: string;
  readonly token: string;
  readonly assertions: {
    readonly header: { readonly ucv: string };
    readonly payload: {
      readonly iss: string;
      readonly aud: string;
      readonly nbf?: number;
      readonly exp: number;
      readonly att: readonly { readonly with: string; readonly can: string }[];
      readonly prf: readonly string[];
    };
    readonly validationErrors?: readonly string[];
    readonly typeErrors?: readonly string[];
  };
}

interface LatestFixture {
  readonly name: string;
  readonly inputs: { readonly token: string };
  readonly assertions: {
    readonly payload: { readonly ucv: string; readonly iss: string; readonly aud: string; readonly exp: number | null };
  };
}

interface InvalidFixture extends Pick<LatestFixture, 'name' | 'inputs'> {
  readonly errors: readonly string[];
}

interface LatestFixtures {
  readonly valid: readonly LatestFixture[];
  readonly invalid: readonly InvalidFixture[];
}

const valid = readVectors<readonly Fixture[]>('ucan/legacy-jwt-0.8.1-valid.json');
const invalid = readVectors<readonly Fixture[]>('ucan/legacy-jwt-0.8.1-invalid.json');
// Rules of time, proofs and alignment, which an import does not apply.
const notApplied = ['expExpired', 'nbfNotReady', 'expWitnessTimeBoundExceeded', 'prfWitness'];
const [alice, bob] = (await principals('alice', 'bob')) as [
  Awaited<ReturnType<typeof principal>>,
  Awaited<ReturnType<typeof principal>>,
];
const cid = 'bafkreihogico5an3e2xy3fykalfwxxry7itbhfcgq6f47sif6d7w6uk2ze';

function isApplied({ assertions: { validationErrors = [] } }: Fixture): boolean {
  return !validationErrors.some((error) => notApplied.some((name) => error.startsWith(name)));
}

function expectAsserted({ token, assertions: { header, payload } }: Fixture): void {
  expect(decodeLegacyToken(token)).toEqual({
    version: header.ucv,
    keyType: 'ed25519',
    issuer: payload.iss,
    audience: payload.aud,
    expiration: payload.exp,
    ...(payload.nbf !== undefined && { notBefore: payload.nbf }),
    capabilities: payload.att.map(({ with: resource, can }) => ({ resource, ability: can })),
    proofs: payload.prf,
    raw: token,
  });
}

describe('published tokens of 0.8.1', () => {
  test.each(valid)('$comment: it is read and verified', async (fixture) => {
    expectAsserted(fixture);
    expect(await verifyLegacySignature(decodeLegacyToken(fixture.token))).toBe(true);
  });

  test.each(invalid.filter((fixture) => !isApplied(fixture)))(
    '$comment: it is read and verified all the same',
    async (fixture) => {
      expectAsserted(fixture);
      expect(await verifyLegacySignature(decodeLegacyToken(fixture.token))).toBe(true);
    },
  );

  test.each(invalid.filter(isApplied))('$comment: it is malformed', async ({ token }) => {
    const { details, message } = await expectCode('malformed_token', () => decodeLegacyToken(token));
    expect(details).toEqual({ reason: expect.any(String), field: expect.any(String) });
    for (const part of token.split('.')) expect(message + JSON.stringify(details)).not.toContain(part.slice(0, 12));
  });

  test('all of them are used', () => {
    expect([valid.length, invalid.length]).toEqual([15, 40]);
    expect(invalid.filter(isApplied)).toHaveLength(33);
  });

  test.each(valid)('$comment: with another signature, it does not verify', async ({ token }) => {
    const [{ token: other }] = valid.filter((each) => each.token.split('.')[1] !== token.split('.')[1]) as [Fixture];
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${other.split('.')[2]}`;
    expect(await verifyLegacySignature(decodeLegacyToken(forged))).toBe(false);
  });
});

describe('keys', () => {
  test.each(keyTypes)('a token by a key of %s verifies', async (keyType) => {
    const issuer = await principal('carol', keyType);
    const token = decodeLegacyToken(await signLegacy(issuer, bob));
    expect(token).toMatchObject({ keyType, issuer: issuer.did });
    expect(await verifyLegacySignature(token)).toBe(true);
  });

  test('an algorithm that is not that of the key does not verify', async () => {
    const token = await signLegacy(alice, bob, { header: { alg: 'ES256' } });
    expect(await verifyLegacySignature(decodeLegacyToken(token))).toBe(false);
  });

  test('a token in the name of somebody else does not verify', async () => {
    const token = await signLegacy(alice, bob, { payload: { iss: bob.did } });
    expect(await verifyLegacySignature(decodeLegacyToken(token))).toBe(false);
  });

  test('an issuer of another method is read, and does not verify', async () => {
    const token = await signLegacy(alice, bob, { payload: { iss: 'did:web:example.com' } });
    expect(await verifyLegacySignature(decodeLegacyToken(token))).toBe(false);
  });

  test('RS256 is named as not supported', async () => {
    const token = await signLegacy(alice, bob, { header: { alg: 'RS256' } });
    const { details } = await expectCode('malformed_token', () => decodeLegacyToken(token));
    expect(details).toEqual({ field: 'alg', reason: expect.stringContaining('RS256, which is not supported') });
  });
});

describe('versions', () => {
  test.each(['0.8', '0.8.0', '0.9.0', '0.9.1', '0.9.0-canary'])('%s is read from the header', async (ucv) => {
    expect(decodeLegacyToken(await signLegacy(alice, bob, { header: { ucv } })).version).toBe(ucv);
  });

  test.each(['0.10.0', '0.10.1', '0.10.0-canary'])('%s is read from the payload', async (ucv) => {
    expect(decodeLegacyToken(await signLatestLegacy(alice, bob, { payload: { ucv } }))).toEqual({
      version: ucv,
      keyType: 'ed25519',
      issuer: alice.did,
      audience: bob.did,
      expiration: later,
      capabilities: [{ resource: 'db://example.com/users', ability: 'db/read', caveats: [{}] }],
      proofs: [],
      raw: expect.any(String),
    });
  });

  test.each(['0.7.0', '0.10.0', '0.80.0', '0.8.1 ', '0.8.x', '1.0.0-rc.1', ''])(
    '"%s" in the header is malformed',
    async (ucv) => {
      const token = await signLegacy(alice, bob, { header: { ucv } });
      const { details } = await expectCode('malformed_token', () => decodeLegacyToken(token));
      expect(details).toMatchObject({ field: 'ucv' });
    },
  );

  test.each(['0.8.1', '0.9.1', '0.10', '0.10-canary', '0.10.', '0.11.0', '0.100.0', '1.0.0'])(
    '"%s" in the payload is malformed',
    async (ucv) => {
      const token = await signLatestLegacy(alice, bob, { payload: { ucv } });
      await expectCode('malformed_token', () => decodeLegacyToken(token));
    },
  );

  test('0.8 takes tokens and CIDs as proofs, the later ones CIDs alone', async () => {
    const inner = await signLegacy(alice, bob);
    const proofsOf = async (token: Promise<string>) => decodeLegacyToken(await token).proofs;
    const payload = { prf: [inner, cid] };
    expect(await proofsOf(signLegacy(alice, bob, { payload }))).toEqual([inner, cid]);
    const header = { ucv: '0.9.1' };
    expect(await proofsOf(signLegacy(alice, bob, { header, payload: { prf: [cid] } }))).toEqual([cid]);
    expect(await proofsOf(signLatestLegacy(alice, bob, { payload: { prf: [cid] } }))).toEqual([cid]);
    await expectCode('malformed_token', () => proofsOf(signLegacy(alice, bob, { header, payload })));
    await expectCode('malformed_token', () => proofsOf(signLatestLegacy(alice, bob, { payload })));
  });

  test('what narrows a capability is kept', async () => {
    const base = { with: 'db:x', can: 'db/READ' };
    const att = [base, { ...base, nb: { max: 5 } }, { ...base, limit: 3 }, { ...base, nb: {}, limit: 3 }];
    const { capabilities } = decodeLegacyToken(await signLegacy(alice, bob, { payload: { att } }));
    expect(capabilities.map(({ caveats }) => caveats)).toEqual([
      undefined,
      { max: 5 },
      { limit: 3 },
      { nb: {}, limit: 3 },
    ]);
  });

  test('a map of capabilities has as many as its abilities', async () => {
    const cap = { 'db:x': { 'db/read': [{}], 'db/write': [{ a: 1 }, { b: 2 }] }, 'my:*': { '*': [{}] } };
    expect(decodeLegacyToken(await signLatestLegacy(alice, bob, { payload: { cap } })).capabilities).toEqual([
      { resource: 'db:x', ability: 'db/read', caveats: [{}] },
      { resource: 'db:x', ability: 'db/write', caveats: [{ a: 1 }, { b: 2 }] },
      { resource: 'my:*', ability: '*', caveats: [{}] },
    ]);
  });
});

describe('fields', () => {
  const good: Readonly<Record<string, LegacyChanges>> = {
    'no end': { payload: { exp: null } },
    'null for what is left out': { payload: { nbf: null, nnc: null, fct: null } },
    'a time to begin with, a nonce and facts': { payload: { nbf: 0, nnc: '1701-D', fct: [{ a: 1 }, 'b'] } },
    'no capability': { payload: { att: [] } },
  };
  test.each(Object.entries(good))('%s is read', async (_, changes) => {
    expect(await verifyLegacySignature(decodeLegacyToken(await signLegacy(alice, bob, changes)))).toBe(true);
  });

  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  const bad: readonly (readonly [string, LegacyChanges, string])[] = [
    ['no algorithm', { header: { alg: 'none' } }, 'alg'],
    ['an algorithm that means something to JavaScript', { header: { alg: 'constructor' } }, 'alg'],
    ['another type', { header: { typ: 'JOSE' } }, 'typ'],
    ['an unknown field in the header', { header: { crit: ['b64'] } }, 'header'],
    ['an unknown field in the payload', { payload: { sub: alice.did } }, 'payload'],
    ['capabilities of another version', { payload: { cap: {} } }, 'payload'],
    ['a version in both parts', { payload: { ucv: '0.10.0' } }, 'payload'],
    ['a DID with a fragment', { payload: { iss: `${alice.did}#key` } }, 'iss'],
    ['an invalid key', { payload: { iss: 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWq' } }, 'iss'],
    ['a time before 1970', { payload: { exp: -1 } }, 'exp'],
    ['a time with a fraction', { payload: { exp: 1.5 } }, 'exp'],
    ['a time past 53 bits', { payload: { exp: 2 ** 53 } }, 'exp'],
    ['a time in text', { payload: { nbf: '1' } }, 'nbf'],
    ['a nonce that is no text', { payload: { nnc: 1 } }, 'nnc'],
    ['facts in a map', { payload: { fct: {} } }, 'fct'],
    ['proofs in a map', { payload: { prf: {} } }, 'prf'],
    ['an invalid proof', { payload: { prf: ['zdpu'] } }, 'prf[0]'],
    ['a capability that is a list', { payload: { att: [[]] } }, 'att[0]'],
    ['a resource that is no URI', { payload: { att: [{ with: '/x', can: 'a/B' }] } }, 'att[0]'],
    ['a resource that is not well-formed', { payload: { att: [{ with: 'db:\ud800', can: 'a/B' }] } }, 'att[0]'],
    ['an ability without a namespace', { payload: { att: [{ with: 'db:x', can: 'READ' }] } }, 'att[0]'],
    ['an ability with nothing in its namespace', { payload: { att: [{ with: 'db:x', can: 'db/' }] } }, 'att[0]'],
    ['too many capabilities', { payload: { att: Array(1001).fill({ with: 'db:x', can: 'a/B' }) } }, 'att'],
    ['too many proofs', { payload: { prf: Array(1001).fill(cid) } }, 'prf'],
    ['facts that are too deep', { payload: { fct: deep(64) } }, 'payload'],
  ];
  test.each(bad)('%s is malformed', async (_, changes, field) => {
    const token = await signLegacy(alice, bob, changes);
    const { details, message } = await expectCode('malformed_token', () => decodeLegacyToken(token));
    expect(details).toEqual({ field, reason: expect.any(String) });
    expect(message).toBe(`The token ${details['reason']}.`);
  });

  test.each([
    ['a list', []],
    ['a resource without a map', { 'db:x': [] }],
    ['an ability without a list', { 'db:x': { 'db/read': {} } }],
    ['a resource with an empty map', { 'db:x': { 'db/read': [{}] }, 'db:y': {} }],
    ['an ability with an empty list', { 'db:x': { 'db/read': [{}] }, 'db:y': { 'db/read': [] } }],
    ['a caveat that is no map', { 'db:x': { 'db/read': [1] } }],
    ['a resource that is no URI', { x: { 'db/read': [{}] } }],
    ['an ability that is empty', { 'db:x': { '': [{}] } }],
    ['too many', Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`db:${i}`, { a: [{}] }]))],
  ])('a map of capabilities that is %s is malformed', async (_, cap) => {
    const token = await signLatestLegacy(alice, bob, { payload: { cap } });
    const { details } = await expectCode('malformed_token', () => decodeLegacyToken(token));
    expect(details).toMatchObject({ field: 'cap' });
  });
});

describe('published tokens of 0.10.0', () => {
  const { valid, invalid } = readVectors<LatestFixtures>('ucan/legacy-jwt-0.10.0.json');
  // Rules of time, proofs and alignment, which an import does not apply.
  const judged = ['expired', 'notReady', 'timeBoundsViolation', 'invalidDelegation'];
  const isJudged = ({ errors }: InvalidFixture) => errors.every((error) => judged.includes(error));

  test.each(valid)('$name: it is read and verified', async ({ inputs: { token }, assertions: { payload } }) => {
    const decoded = decodeLegacyToken(token);
    expect(decoded).toMatchObject({ version: payload.ucv, issuer: payload.iss, audience: payload.aud });
    expect(decoded.expiration).toBe(payload.exp);
    expect(await verifyLegacySignature(decoded)).toBe(true);
  });

  test.each(invalid.filter(isJudged))('$name: it is read all the same', ({ inputs: { token } }) => {
    expect(decodeLegacyToken(token).raw).toBe(token);
  });

  test.each(invalid.filter((fixture) => !isJudged(fixture)))(
    '$name: it is malformed',
    async ({ inputs: { token } }) => {
      const { details } = await expectCode('malformed_token', () => decodeLegacyToken(token));
      expect(details).toEqual({ reason: expect.any(String), field: expect.any(String) });
    },
  );

  test('all of them are used', () => {
    expect([valid.length, invalid.length, invalid.filter(isJudged).length]).toEqual([15, 33, 9]);
  });

  test.each(['nbf', 'nnc', 'fct', 'prf'])('%s is left out, and not null', async (field) => {
    const token = await signLatestLegacy(alice, bob, { payload: { [field]: null } });
    expect((await expectCode('malformed_token', () => decodeLegacyToken(token))).details).toMatchObject({ field });
  });
});

describe('form', () => {
  test.each<[string, (token: string) => string]>([
    ['a fourth part', (token) => `${token}.AA`],
    ['a part too few', (token) => token.slice(0, token.lastIndexOf('.'))],
    ['an empty signature', (token) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['a longer signature', (token) => `${token}AAAA`],
    ['padding', (token) => `${token}==`],
    ['white space', (token) => ` ${token}`],
    ['a line end', (token) => `${token}\n`],
    ['standard base64', (token) => token.replace('eyJ', 'ey+')],
    ['a scheme', (token) => `Bearer ${token}`],
    ['nothing', () => ''],
    ['dots', () => '..'],
    ['a byte-order mark in its header', (token) => token.replace(/^[^.]+/, '77u_e30')],
    ['bytes that are no text', (token) => token.replace(/^[^.]+/, '_w')],
    ['a list for a header', (token) => token.replace(/^[^.]+/, 'W10')],
  ])('a token with %s is malformed', async (_, change) => {
    const token = await signLegacy(alice, bob);
    await expectCode('malformed_token', () => decodeLegacyToken(change(token)));
  });

  test('a token may have 256 KiB, and not a byte more', async () => {
    const sized = (length: number) => signLegacy(alice, bob, { payload: { nnc: 'x'.repeat(length) } });
    const nonce = Math.floor(((262_144 - (await sized(0)).length) * 3) / 4);
    const token = await sized(nonce);
    expect(token.length).toBeGreaterThan(262_140);
    expect(decodeLegacyToken(token).issuer).toBe(alice.did);
    const { details } = await expectCode('malformed_token', async () => decodeLegacyToken(await sized(nonce + 4)));
    expect(details).toMatchObject({ field: 'token' });
  });

  test('deep nesting is refused, and no stack overflows', async () => {
    const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'JWT', ucv: '0.8.1' })).toString('base64url');
    const nested = Buffer.from(`{"fct":${'['.repeat(90_000)}${']'.repeat(90_000)}}`).toString('base64url');
    await expectCode('malformed_token', () => decodeLegacyToken(`${header}.${nested}.${'A'.repeat(86)}`));
  });

  test('keys that mean something to JavaScript are keys like any other', async () => {
    const payload = JSON.parse(`{"iss":"${alice.did}","aud":"${bob.did}","exp":null,"att":[],"prf":[],"__proto__":{}}`);
    const token = await signJwt(alice, { alg: 'EdDSA', typ: 'JWT', ucv: '0.8.1' }, payload);
    await expectCode('malformed_token', () => decodeLegacyToken(token));
  });
});

describe('where a delegation is wanted', () => {
  test.each(valid.slice(0, 3))('an old token is refused: $comment', async ({ token }) => {
    await expectCode('malformed_token', () => decodeToken(encodeUtf8(token)));
    await expectCode('malformed_token', () => unpackTokens(encodeUtf8(token)));
    await expectCode('malformed_token', () => unpackTokens(encodeUtf8(`${token}\n`)));
    await expectCode('malformed_token', () => unpackTokens(encodeUtf8(encodeBase64(encodeUtf8(token)))));
  });
});
