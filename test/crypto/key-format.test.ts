import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  verify as nodeVerify,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { importPublicKey, publicKeyOf, sign } from '../../src/crypto/ed25519.ts';
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKeyPem,
  encodePublicKeyPem,
} from '../../src/crypto/key-format.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { expectCode } from '../support/codes.ts';
import { fromHex, toHex } from '../support/vectors.ts';

const message = encodeUtf8('a message');
const pair = generateKeyPairSync('ed25519');
const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rawPublic = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
const rawSeed = new Uint8Array(pair.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32));

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;
}

function decode(text: string): Promise<Secret> {
  return decodePrivateKey(Secret.adopt(encodeUtf8(text)));
}

async function signsFor(seed: Secret, publicKey: KeyObject): Promise<boolean> {
  return nodeVerify(null, message, publicKey, await sign(seed, message));
}

describe('a private key', () => {
  const [, line = ''] = privatePem.split('\n');
  test.each([
    ['as Node writes it', privatePem],
    ['with the line ends of Windows', privatePem.replaceAll('\n', '\r\n')],
    ['with no newline at the end', privatePem.trimEnd()],
    ['with white space around it', `\n  ${privatePem}\n\n`],
    ['with its text on several lines', privatePem.replace(line, `${line.slice(0, 30)}\n${line.slice(30)}`)],
  ])('in PEM %s signs at once', async (_, text) => {
    using seed = await decode(text);
    expect(seed.bytes).toEqual(rawSeed);
    expect(await signsFor(seed, pair.publicKey)).toBe(true);
  });

  test('of 32 raw bytes signs at once, and is a copy', async () => {
    using file = Secret.copyOf(rawSeed);
    using seed = await decodePrivateKey(file);
    file[Symbol.dispose]();
    expect(await signsFor(seed, pair.publicKey)).toBe(true);
  });

  test.each([
    ['an explicit tag', '3053020101300506032b657004220420', 'a123032100'],
    ['an implicit tag', '3051020101300506032b657004220420', '812100'],
  ])('with its public key under %s signs at once', async (_, prefix, between) => {
    const der = Buffer.concat([fromHex(prefix), rawSeed, fromHex(between), rawPublic]);
    using seed = await decode(pem('PRIVATE KEY', der));
    expect(await signsFor(seed, pair.publicKey)).toBe(true);
  });

  test.each([
    ['an explicit tag', '3053020101300506032b657004220420', 'a123032100'],
    ['an implicit tag', '3051020101300506032b657004220420', '812100'],
  ])('with the public key of another under %s is malformed', async (_, prefix, between) => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const der = Buffer.concat([fromHex(prefix), rawSeed, fromHex(between), other]);
    await expectCode('malformed_key', () => decode(pem('PRIVATE KEY', der)));
  });

  test('that is written is read by Node, and read back', async () => {
    using seed = Secret.copyOf(rawSeed);
    using written = encodePrivateKeyPem(seed);
    const text = Buffer.from(written.bytes).toString('latin1');
    expect(text).toBe(privatePem);
    expect(await signsFor(seed, createPublicKey(createPrivateKey(text)))).toBe(true);
    using read = await decodePrivateKey(written);
    expect(read.bytes).toEqual(rawSeed);
  });
});

describe('a public key', () => {
  test.each([
    ['as Node writes it', publicPem],
    ['with the line ends of Windows', publicPem.replaceAll('\n', '\r\n')],
  ])('in PEM %s is read', (_, text) => {
    expect(decodePublicKey(encodeUtf8(text))).toEqual(rawPublic);
  });

  test('of 32 raw bytes is read', () => {
    expect(decodePublicKey(rawPublic)).toEqual(rawPublic);
  });

  test('that is written is read by Node, and read back', async () => {
    const text = encodePublicKeyPem(importPublicKey(rawPublic));
    expect(text).toBe(publicPem);
    using seed = Secret.copyOf(rawSeed);
    expect(await signsFor(seed, createPublicKey(text))).toBe(true);
    expect(toHex(decodePublicKey(encodeUtf8(text)))).toBe(toHex(await publicKeyOf(seed)));
  });

  test('of small order in PEM is weak', async () => {
    const der = Buffer.concat([fromHex('302a300506032b6570032100'), new Uint8Array(32)]);
    await expectCode('weak_key', () => decodePublicKey(encodeUtf8(pem('PUBLIC KEY', der))));
  });
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const x25519 = generateKeyPairSync('x25519');
const ed448 = generateKeyPairSync('ed448');
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const body = privatePem.split('\n')[1] ?? '';

describe('what is no private Ed25519 key is malformed:', () => {
  test.each([
    ['RSA', pkcs8(rsa.privateKey)],
    ['RSA in PKCS#1', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['P-256', pkcs8(p256.privateKey)],
    ['P-256 in SEC 1', p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    ['X25519', pkcs8(x25519.privateKey)],
    ['Ed448', pkcs8(ed448.privateKey)],
    [
      'an encrypted key',
      pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    ],
    ['a public key', publicPem],
    ['a certificate', pem('CERTIFICATE', fromHex('3000'))],
    ['an OpenSSH key', pem('OPENSSH PRIVATE KEY', fromHex('6f70656e737368'))],
    ['a label that differs at its end', privatePem.replace('END PRIVATE', 'END PUBLIC')],
    ['a label in lower case', privatePem.replace('BEGIN PRIVATE KEY', 'begin private key')],
    ['a beginning without an end', privatePem.slice(0, 60)],
    ['an end that overlaps the beginning', '-----BEGIN PRIVATE KEY-----END PRIVATE KEY-----'],
    ['two keys in one file', privatePem + privatePem],
    ['a header within', privatePem.replace(body, `Proc-Type: 4,ENCRYPTED\n\n${body}`)],
    ['a byte too few', pem('PRIVATE KEY', Buffer.from(body, 'base64').subarray(0, -1))],
    ['a byte too many', pem('PRIVATE KEY', Buffer.concat([Buffer.from(body, 'base64'), Uint8Array.of(0)]))],
    ['an empty PEM', pem('PRIVATE KEY', new Uint8Array())],
    ['garbage', 'this is not a key'],
    ['nothing', ''],
    ['white space alone', ' \n\t '],
    ['hexadecimal', toHex(rawSeed)],
    ['a byte-order mark before it', `\ufeff${privatePem}`],
    ['a file of more than 64 KiB', `${' '.repeat(65 * 1024)}${privatePem}`],
  ])('%s', async (_, text) => {
    const error = await expectCode('malformed_key', () => decode(text));
    expect(JSON.stringify([error.message, error.details])).not.toContain(body.slice(-12));
  });
});

describe('what is no public Ed25519 key is malformed:', () => {
  test.each([
    ['RSA', spki(rsa.publicKey)],
    ['P-256', spki(p256.publicKey)],
    ['X25519', spki(x25519.publicKey)],
    ['Ed448', spki(ed448.publicKey)],
    ['a private key', privatePem],
    ['a certificate', pem('CERTIFICATE', fromHex('3000'))],
    ['a byte too many', pem('PUBLIC KEY', Buffer.concat([fromHex('302a300506032b6570032100'), rawPublic, rawPublic]))],
    ['hexadecimal', toHex(rawPublic)],
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['a file of more than 64 KiB', `${publicPem}${'\n'.repeat(65 * 1024)}`],
  ])('%s', async (_, text) => {
    await expectCode('malformed_key', () => decodePublicKey(encodeUtf8(text)));
  });
});

test('no part of a private key file that was read is left behind in a copy', async () => {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const { filter } = prototype;
  const copies: Uint8Array[] = [];
  prototype.filter = function (this: Uint8Array, ...parameters: Parameters<typeof filter>) {
    const copy = filter.apply(this, parameters);
    copies.push(copy);
    return copy;
  } as typeof filter;
  try {
    using seed = await decode(privatePem);
    expect(seed.bytes).toEqual(rawSeed);
  } finally {
    prototype.filter = filter;
  }
  for (const copy of copies) expect(copy.every((byte) => byte === 0)).toBe(true);
});
