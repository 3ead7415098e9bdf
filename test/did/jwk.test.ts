import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { decodeDidKey, encodeDidKey } from '../../src/did/did-key.ts';
import { decodePrivateJwk, decodePublicJwk, encodeJwk } from '../../src/did/jwk.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../src/did/private-key.ts';
import { expectCode } from '../support/codes.ts';
import { toHex } from '../support/vectors.ts';

const rfc8037 = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};
const rfc7515 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
};
const rfc7517 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
  use: 'enc',
  kid: '1',
};
// did:key v0.9: the first key of secp256k1, whose private key is given in hexadecimal there.
const secp256k1 = {
  kty: 'EC',
  crv: 'secp256k1',
  x: 'h0wVx_2iDlOcblulc8E5iEw1EYh5n1RYtLQfeSTyNc0',
  y: 'O2EATIGbu6DezKFptj5scAIRntgfecanVNXxat1rnwE',
  d: 'kIXSvvaShqbLtRYjyPolhimUXNVcpwXMTmZwA5aJTgw',
};

const text = (value: unknown) => encodeUtf8(JSON.stringify(value));
const publicOf = ({ d, ...rest }: Readonly<Record<string, unknown>>) => rest;

describe('a published private key', () => {
  test.each([
    ['RFC 8037, appendix A.1', rfc8037],
    ['RFC 7515, appendix A.3', rfc7515],
    ['RFC 7517, appendix A.2, but for its use', { ...rfc7517, use: 'sig' }],
    ['did:key', secp256k1],
  ])('of %s is read, and its public half written as it is there', async (_, jwk) => {
    using key = await decodePrivateJwk(text(jwk));
    expect(Buffer.from(key.secret.bytes).toString('base64url')).toBe(jwk.d);
    const { kty, crv, x, ...rest } = jwk;
    expect(encodeJwk(await publicKeyOfPrivate(key))).toEqual({ kty, crv, x, ...('y' in rest ? { y: rest.y } : {}) });
  });

  test('of did:key has the seed and the DID that are there', async () => {
    using key = await decodePrivateJwk(text(secp256k1));
    expect(toHex(key.secret.bytes)).toBe('9085d2bef69286a6cbb51623c8fa258629945cd55ca705cc4e66700396894e0c');
    const publicKey = await publicKeyOfPrivate(key);
    expect(encodeDidKey(publicKey)).toBe('did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme');
  });

  test('that is for encryption is refused', async () => {
    await expectCode('malformed_key', () => decodePrivateJwk(text(rfc7517)));
  });
});

// did:key v0.9, section 4.
describe('the published JWK of a did:key', () => {
  test.each([
    [
      'did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169',
      'fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI',
      'hW2ojTNfH7Jbi8--CJUo3OCbH3y5n91g-IMA9MLMbTU',
    ],
    [
      'did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv',
      'igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns',
      'efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM',
    ],
  ])('%s is made and read', (did, x, y) => {
    const jwk = { kty: 'EC', crv: 'P-256', x, y };
    expect(encodeJwk(decodeDidKey(did))).toEqual(jwk);
    expect(encodeDidKey(decodePublicJwk(jwk))).toBe(did);
  });
});

describe.each(['ed25519', 'p256', 'secp256k1'] as const)('a public key of %s', (type) => {
  test('is read back', async () => {
    for (let run = 0; run < 20; run++) {
      using key = await generatePrivateKey(type);
      const publicKey = await publicKeyOfPrivate(key);
      expect(decodePublicJwk(encodeJwk(publicKey))).toEqual(publicKey);
    }
  });
});

test('the members that say what a key is for may be there', () => {
  const key = decodePublicJwk({
    ...publicOf(rfc8037),
    use: 'sig',
    alg: 'EdDSA',
    kid: 'a',
    key_ops: ['verify'],
    ext: true,
  });
  expect(key.type).toBe('ed25519');
  expect(decodePublicJwk({ ...publicOf(rfc8037), alg: 'Ed25519' })).toEqual(key);
});

// P-384, P-521 and RSA verify, and sign nothing here.
describe('a key that only verifies', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  const kinds = [
    ['rsa', rsa, 'RS256', 'RS512'],
    ['p384', p384, 'ES384', 'ES256'],
    ['p521', p521, 'ES512', 'ES384'],
  ] as const;

  test.each(kinds)('of %s is read as Node writes it, and written alike', (type, { publicKey }, alg) => {
    const jwk = publicKey.export({ format: 'jwk' });
    const key = decodePublicJwk({ ...jwk, alg, use: 'sig' });
    expect(key.type).toBe(type);
    expect(encodeJwk(key)).toEqual(jwk);
  });

  test.each(kinds)('of %s is no key of another algorithm', async (_, { publicKey }, __, alg) => {
    await expectCode('malformed_key', () => decodePublicJwk({ ...publicKey.export({ format: 'jwk' }), alg }));
  });

  test.each(kinds)('of %s is refused with its private key, also where one is wanted', async (_, { privateKey }) => {
    const jwk = privateKey.export({ format: 'jwk' });
    await expectCode('malformed_key', () => decodePublicJwk(jwk));
    await expectCode('malformed_key', () => decodePrivateJwk(text(jwk)));
  });

  const { n = '', e = '' } = rsa.publicKey.export({ format: 'jwk' });
  test.each([
    [
      'malformed_key',
      'n with a zero before it',
      { n: Buffer.concat([new Uint8Array(1), Buffer.from(n, 'base64url')]).toString('base64url') },
    ],
    ['malformed_key', 'n with padding', { n: `${n}==` }],
    ['malformed_key', 'n of 65536 bits', { n: 'A'.repeat(10_922) }],
    ['malformed_key', 'n a number', { n: 7 }],
    ['malformed_key', 'no n', { n: undefined }],
    ['malformed_key', 'no e', { e: undefined }],
    ['malformed_key', 'e with a zero before it', { e: 'AAEAAQ' }],
    ['malformed_key', 'an even e', { e: 'AQAA' }],
    ['malformed_key', 'an empty e', { e: '' }],
    ['malformed_key', 'an e of a thousand bytes', { e: 'AQAB'.repeat(300) }],
    ['malformed_key', 'a curve', { crv: 'P-256' }],
    ['malformed_key', 'a coordinate', { x: rfc8037.x }],
    ['weak_key', 'an e of 3', { e: 'Aw' }],
  ] as const)('of RSA is %s with %s', async (code, _, change) => {
    await expectCode(code, () => decodePublicJwk({ kty: 'RSA', n, e, ...change }));
  });
});

describe('what is no public JWK is malformed:', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'a'],
    ['an array', [publicOf(rfc8037)]],
    ['an empty object', {}],
    ['a private key', rfc8037],
    ['a member of no known name', { ...publicOf(rfc8037), n: 'AQAB' }],
    ['__proto__', JSON.parse('{"__proto__":{"kty":"OKP"},"crv":"Ed25519"}')],
    ['RSA', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['a symmetric key', { kty: 'oct', k: rfc8037.x }],
    ['X25519', { ...publicOf(rfc8037), crv: 'X25519' }],
    ['P-384', { ...publicOf(rfc7515), crv: 'P-384' }],
    ['EC with the curve of OKP', { ...publicOf(rfc7515), crv: 'Ed25519' }],
    ['OKP with y', { ...publicOf(rfc8037), y: rfc7515.y }],
    ['EC without y', { kty: 'EC', crv: 'P-256', x: rfc7515.x }],
    ['a point that is on another curve', { ...publicOf(rfc7515), crv: 'secp256k1' }],
    ['y of another point', { ...publicOf(rfc7515), y: rfc7517.y }],
    ['x with padding', { ...publicOf(rfc8037), x: `${rfc8037.x}=` }],
    ['x in base64', { ...publicOf(rfc8037), x: rfc8037.x.replace('_', '/') }],
    ['x with stray bits', { ...publicOf(rfc8037), x: rfc8037.x.replace(/o$/, 'p') }],
    ['x a byte too short', { ...publicOf(rfc8037), x: rfc8037.x.slice(0, -2) }],
    ['x with a newline', { ...publicOf(rfc8037), x: `${rfc8037.x}\n` }],
    ['x a number', { ...publicOf(rfc8037), x: 7 }],
    ['use for encryption', { ...publicOf(rfc8037), use: 'enc' }],
    ['another algorithm', { ...publicOf(rfc7515), alg: 'ES256K' }],
    ['key_ops that do not verify', { ...publicOf(rfc7515), key_ops: ['sign'] }],
    ['key_ops that is no list', { ...publicOf(rfc7515), key_ops: 'verify' }],
    ['a kid that is no text', { ...publicOf(rfc7515), kid: 1 }],
  ])('%s', async (_, jwk) => {
    await expectCode('malformed_key', () => decodePublicJwk(jwk));
  });

  test('a point of small order, which is weak', async () => {
    const x = Buffer.from(new Uint8Array(32)).toString('base64url');
    await expectCode('weak_key', () => decodePublicJwk({ kty: 'OKP', crv: 'Ed25519', x }));
  });
});

describe('what is no private JWK is malformed:', () => {
  test.each([
    ['a public key', publicOf(rfc8037)],
    ['the public key of another', { ...rfc7515, x: rfc7517.x, y: rfc7517.y }],
    ['y negated', { ...rfc7515, y: negate(rfc7515.y) }],
    ['d with padding', { ...rfc8037, d: `${rfc8037.d}=` }],
    ['d with stray bits', { ...rfc8037, d: rfc8037.d.replace(/A$/, 'B') }],
    ['d in base64', { ...rfc8037, d: rfc8037.d.replace('_', '/') }],
    ['d of 0', { ...rfc7515, d: 'A'.repeat(43) }],
    ['d of no type', { ...rfc7515, d: null }],
    ['key_ops that do not sign', { ...rfc8037, key_ops: ['verify'] }],
    ['no public half', { kty: 'OKP', crv: 'Ed25519', d: rfc8037.d }],
    ['two primes', { ...rfc8037, p: 'AQAB' }],
  ])('%s', async (_, jwk) => {
    const error = await expectCode('malformed_key', () => decodePrivateJwk(text(jwk)));
    expect(JSON.stringify([error.message, error.details, error.cause])).not.toContain(rfc8037.d.slice(4, 12));
  });

  test('JSON that is cut, whose text is in no message', async () => {
    const cut = JSON.stringify(rfc8037).slice(0, -3);
    const error = await expectCode('malformed_key', () => decodePrivateJwk(encodeUtf8(cut)));
    expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain('nWGx');
  });

  test('bytes that are no UTF-8', async () => {
    await expectCode('malformed_key', () => decodePrivateJwk(Uint8Array.of(0x7b, 0xff, 0x7d)));
  });
});

// p − y: the same x, the other point.
function negate(y: string): string {
  const p = BigInt('0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
  const negated = p - BigInt(`0x${Buffer.from(y, 'base64url').toString('hex')}`);
  return Buffer.from(negated.toString(16).padStart(64, '0'), 'hex').toString('base64url');
}
