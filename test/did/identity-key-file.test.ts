import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeUtf8, equalBytes } from '../../src/bytes.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeIdentityKey, encodeIdentityKeyPem, encryptIdentityKeyPem } from '../../src/did/identity-key-file.ts';
import { encodeJwk } from '../../src/did/jwk.ts';
import { generatePrivateKey, type PrivateKey, publicKeyOfPrivate } from '../../src/did/private-key.ts';
import type { SigningKeyType } from '../../src/did/public-key.ts';
import { readTexts } from '../docs/pages.ts';
import { expectCode } from '../support/codes.ts';
import { countUp, flipBit, fromHex, toHex } from '../support/vectors.ts';

const folder = new URL('../vectors/keys/', import.meta.url);
const types: readonly SigningKeyType[] = ['ed25519', 'p256', 'secp256k1'];
const notRead = ['ed25519-des3.pem', 'ed25519-aes192.pem'];
const isPrivate = (name: string) => name.endsWith('.pem') && !types.some((type) => name === `${type}-public.pem`);
const written = readdirSync(folder).filter((name) => isPrivate(name) && !notRead.includes(name));

function readKeyFile(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

function decode(file: string | Uint8Array, passphrase?: string): Promise<PrivateKey> {
  const give = async () => Secret.copyOf(encodeUtf8(passphrase ?? ''));
  const bytes = typeof file === 'string' ? encodeUtf8(file) : file;
  return decodeIdentityKey(Secret.copyOf(bytes), passphrase === undefined ? undefined : give);
}

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;
}

function derOf(text: Uint8Array): Buffer {
  return Buffer.from(text.toString().replaceAll(/-----.*-----|\n/g, ''), 'base64');
}

async function jwkOf(key: PrivateKey): Promise<unknown> {
  return encodeJwk(await publicKeyOfPrivate(key));
}

function nodeJwkOf(publicKey: KeyObject): unknown {
  return publicKey.export({ format: 'jwk' });
}

describe('a file that OpenSSL wrote is read:', () => {
  test('there are files of each kind', () => {
    expect(written).toHaveLength(19);
  });

  test.each(written)('%s', async (name) => {
    const [type = ''] = name.split(/[-.]/);
    using key = await decode(readKeyFile(name), 'correct horse');
    expect(key.type).toBe(type);
    expect(await jwkOf(key)).toEqual(nodeJwkOf(createPublicKey(readKeyFile(`${type}-public.pem`))));
  });

  test.each(types)('and that of %s is written byte for byte alike', async (type) => {
    using key = await decode(readKeyFile(`${type}.pem`));
    using file = await encodeIdentityKeyPem(key);
    expect(toHex(file.bytes)).toBe(toHex(readKeyFile(`${type}.pem`)));
  });

  test.each(notRead)('but not %s, whose cipher is another', async (name) => {
    const { details } = await expectCode('malformed_key', () => decode(readKeyFile(name), 'correct horse'));
    expect(details).toMatchObject({ reason: 'another encryption' });
  });
});

describe.each(types)('a private key of %s', (type) => {
  test('that is written is read back, and read by Node', async () => {
    using key = await generatePrivateKey(type);
    using file = await encodeIdentityKeyPem(key);
    using read = await decode(file.bytes);
    expect(read.type).toBe(type);
    expect(toHex(read.secret.bytes)).toBe(toHex(key.secret.bytes));
    expect(nodeJwkOf(createPublicKey(createPrivateKey(Buffer.from(file.bytes))))).toEqual(await jwkOf(key));
  });

  test('that is written encrypted is opened by its passphrase alone, here and by Node', async () => {
    using key = await generatePrivateKey(type);
    using passphrase = Secret.copyOf(encodeUtf8('pässphrase'));
    using file = await encryptIdentityKeyPem(key, passphrase);
    using read = await decode(file.bytes, 'pässphrase');
    expect(toHex(read.secret.bytes)).toBe(toHex(key.secret.bytes));
    const node = createPrivateKey({ key: Buffer.from(file.bytes), passphrase: 'pässphrase' });
    expect(nodeJwkOf(createPublicKey(node))).toEqual(await jwkOf(key));
    await expectCode('wrong_passphrase', () => decode(file.bytes, 'passphrase'));
    await expectCode('wrong_passphrase', () => decode(file.bytes, ''));
    expect(passphrase.length).toBe(11);
  });

  test('is read from a JWK that Node wrote', async () => {
    using key = await generatePrivateKey(type);
    using file = await encodeIdentityKeyPem(key);
    const jwk = createPrivateKey(Buffer.from(file.bytes)).export({ format: 'jwk' });
    using read = await decode(`\n${JSON.stringify(jwk, null, 2)}\n`);
    expect(read.type).toBe(type);
    expect(toHex(read.secret.bytes)).toBe(toHex(key.secret.bytes));
  });

  test.each(written.filter((name) => name.startsWith(`${type}`) && !/scrypt|pbkdf2/.test(name)))(
    'in %s with any byte changed is refused, or another key',
    async (name) => {
      const file = readKeyFile(name);
      const der = derOf(file);
      const label = /BEGIN (.*?)-----/.exec(file.toString())?.[1] ?? '';
      using original = await decode(file);
      for (let byte = 0; byte < der.length; byte++) {
        try {
          using read = await decode(pem(label, flipBit(der, 8 * byte + (byte % 8))));
          expect(`${read.type} ${toHex(read.secret.bytes)}`).not.toBe(`${type} ${toHex(original.secret.bytes)}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'malformed_key' });
        }
      }
    },
  );

  test.each([`${type}-scrypt.pem`, `${type}-pbkdf2.pem`])(
    'in %s does not open with another passphrase',
    async (name) => {
      await expectCode('wrong_passphrase', () => decode(readKeyFile(name), 'correct horsf'));
    },
  );
});

test('a file whose public key is its own but for the part that says odd or even is malformed', async () => {
  const der = derOf(readKeyFile('p256.pem'));
  const compressed = derOf(readKeyFile('p256-compressed.pem'));
  const last = compressed.length - 33;
  await expectCode('malformed_key', () => decode(pem('PRIVATE KEY', flipBit(compressed, 8 * last))));
  await expectCode('malformed_key', () => decode(pem('PRIVATE KEY', flipBit(der, 8 * (der.length - 1) + 1))));
});

// RFC 5958, section 2: version 1 of PKCS#8 states a public key beside the private one, whatever the algorithm.
describe.each(['p256', 'secp256k1'])('the public key that PKCS#8 of version 1 states beside a key of %s', (type) => {
  const der = derOf(readKeyFile(`${type}.pem`));
  const point = der.subarray(-65);
  const stating = (stated: Uint8Array) => {
    const bits = Buffer.concat([fromHex('814200'), stated]);
    // The inner sequence is as it was: the outer one is longer by what is added, of version 1.
    const content = Buffer.concat([fromHex('020101'), der.subarray(6), bits]);
    return pem('PRIVATE KEY', Buffer.concat([fromHex('3081'), Uint8Array.of(content.length), content]));
  };

  test('is taken where it is its own', async () => {
    using key = await decode(stating(point));
    expect(key.type).toBe(type);
  });

  test('is malformed where it is that of another', async () => {
    await expectCode('malformed_key', () => decode(stating(flipBit(point, 8 * 64))));
    await expectCode('malformed_key', () => decode(stating(flipBit(point, 8))));
  });
});

describe('64 hex characters are an Ed25519 seed', () => {
  const hex = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';

  test.each([
    ['alone', hex],
    ['with a newline', `${hex}\n`],
  ])('%s', async (_, text) => {
    using key = await decode(text);
    expect(key.type).toBe('ed25519');
    expect(toHex(key.secret.bytes)).toBe(hex);
    expect(await jwkOf(key)).toMatchObject({ x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
  });

  test.each([
    ['a character less', hex.slice(1)],
    ['a character more', `${hex}0`],
    ['capital letters', hex.toUpperCase()],
    ['two newlines', `${hex}\n\n`],
    ['a carriage return', `${hex}\r\n`],
    ['white space before it', ` ${hex}`],
    ['another character', `${hex.slice(0, -1)}g`],
    ['a sign before it', `0x${hex.slice(2)}`],
  ])('but not with %s', async (_, text) => {
    await expectCode('malformed_key', () => decode(text));
  });
});

describe('an encrypted key', () => {
  test('does not open where no passphrase is given', async () => {
    const { details } = await expectCode('wrong_passphrase', () => decode(readKeyFile('p256-scrypt.pem')));
    expect(details).toEqual({ reason: 'no passphrase' });
  });

  test('asks for its passphrase once, and wipes it', async () => {
    const given: Secret[] = [];
    const bytes: Uint8Array[] = [];
    const give = async () => {
      const passphrase = Secret.copyOf(encodeUtf8('correct horse'));
      bytes.push(passphrase.bytes);
      given.push(passphrase);
      return passphrase;
    };
    using _key = await decodeIdentityKey(Secret.copyOf(readKeyFile('ed25519-scrypt.pem')), give);
    expect(given).toHaveLength(1);
    expect(bytes.every((each) => each.every((byte) => byte === 0))).toBe(true);
  });

  test('that holds a key of another algorithm is malformed, not wrongly opened', async () => {
    const { privateKey } = generateKeyPairSync('x25519');
    const file = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a' });
    const { details } = await expectCode('malformed_key', () => decode(String(file), 'a'));
    expect(details).toEqual({ reason: 'another algorithm' });
  });

  test('is opened by no passphrase out of a thousand others', async () => {
    using key = await decode(readKeyFile('ed25519-pbkdf2.pem'), 'correct horse');
    for (let i = 0; i < 1000; i++) {
      try {
        using other = await decode(readKeyFile('ed25519-pbkdf2.pem'), `wrong ${i}`);
        expect(equalBytes(other.secret.bytes, key.secret.bytes)).toBe('never reached');
      } catch (error) {
        expect(error).toMatchObject({ code: 'wrong_passphrase' });
      }
    }
  });
});

test('no passphrase is asked for where the key is not encrypted', async () => {
  const give = () => Promise.reject(new Error('asked'));
  using key = await decodeIdentityKey(Secret.copyOf(readKeyFile('p256.pem')), give);
  expect(key.type).toBe('p256');
});

describe('what is no private key of an identity is malformed:', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  test.each([
    ['RSA', rsa.export({ type: 'pkcs8', format: 'pem' })],
    ['RSA in PKCS#1', rsa.export({ type: 'pkcs1', format: 'pem' })],
    ['P-384', p384.export({ type: 'pkcs8', format: 'pem' })],
    ['P-384 in SEC 1', p384.export({ type: 'sec1', format: 'pem' })],
    ['X25519', generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' })],
    ['a public key', readKeyFile('p256-public.pem')],
    ['32 raw bytes', new Uint8Array(32).fill(7)],
    ['two keys in one file', Buffer.concat([readKeyFile('p256.pem'), readKeyFile('p256.pem')])],
    ['a label of another', readKeyFile('p256.pem').toString().replaceAll('PRIVATE KEY', 'EC PRIVATE KEY')],
    [
      'an encrypted label on what is not',
      readKeyFile('p256.pem').toString().replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'),
    ],
    ['an empty PEM', pem('PRIVATE KEY', new Uint8Array())],
    ['a JSON text', '"{}"'],
    ['an empty JSON object', '{}'],
    ['nothing', ''],
    ['white space', '  \n'],
    ['garbage', 'garbage'],
    ['more than 64 KiB', `${' '.repeat(65 * 1024)}${readKeyFile('p256.pem')}`],
  ])('%s', async (_, file) => {
    await expectCode('malformed_key', () => decode(file, 'correct horse'));
  });
});

test('the files that the documentation shows are of one key', async () => {
  const page = 'docs/formats/key-files.md';
  const [, , pkcs8 = '', hex = ''] = readTexts(page, 'text');
  const [jwk = ''] = readTexts(page, 'json');
  for (const text of [pkcs8, hex, jwk]) {
    using key = await decode(text);
    expect(key.type).toBe('ed25519');
    expect(key.secret.bytes).toEqual(countUp(32));
  }
});
