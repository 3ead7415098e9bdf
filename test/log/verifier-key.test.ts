import { describe, expect, test } from 'vitest';
import type { Ed25519PublicKey } from '../../src/crypto/ed25519.ts';
import { formatVerifierKey, isKeyName, noteKeyId, parseVerifierKey } from '../../src/log/verifier-key.ts';
import { expectCode, failureOf, isHanaperError } from '../support/codes.ts';
import { toHex } from '../support/vectors.ts';

// Keys that golang.org/x/mod/sumdb/note tests with, and that of Go's own log.
const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const published = [
  ['PeterNeumann', 'c74f20a3', peter],
  ['EnochRoot', 'af0cfe78', 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'],
  ['sum.golang.org', '033de0ae', 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'],
] as const;

test.each(published)('the published key of %s is read and written', (name, id, text) => {
  const key = parseVerifierKey(text);
  expect(key.name).toBe(name);
  expect(toHex(noteKeyId(key))).toBe(id);
  expect(formatVerifierKey(key)).toBe(text);
});

describe('a key is refused', () => {
  test('that is a part of one', async () => {
    for (let start = 0; start <= peter.length; start++) {
      for (let end = start + 1; end <= peter.length; end++) {
        const part = peter.slice(start, end);
        if (part !== peter) expect(isHanaperError(await failureOf(() => parseVerifierKey(part))), part).toBe(true);
      }
    }
  });

  test('of which any character is another', async () => {
    for (const at of peter.split('').keys()) {
      const other = String.fromCharCode(peter.charCodeAt(at) + 1);
      const changed = peter.slice(0, at) + other + peter.slice(at + 1);
      expect(isHanaperError(await failureOf(() => parseVerifierKey(changed))), changed).toBe(true);
    }
  });

  // The first two are published: an identifier that fits a key of another length, and of another algorithm.
  test.each([
    'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
    'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    '',
    '++',
    '+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    `${peter}\n`,
    `${peter}+`,
    'P+'.repeat(100_000),
  ])('%j', async (text) => {
    await expectCode('malformed_key', () => parseVerifierKey(text));
  });

  test('that is a point of small order, for whom anybody could sign', () => {
    const publicKey = new Uint8Array(32) as Ed25519PublicKey;
    const text = formatVerifierKey({ name: 'a', publicKey });
    return expectCode('weak_key', () => parseVerifierKey(text));
  });
});

test.each([
  ['example.org/log', true],
  ['hanaper/did:key:z6MktFovzcapNZyZBWzFJpCXf26B8XLKdXtwfwnXXFebPgzM/1', true],
  ['ключ', true],
  ['', false],
  ['a b', false],
  ['a+b', false],
  ['a\u00a0b', false],
  ['a\u0085b', false],
  ['a\u2003b', false],
  ['a\u3000', false],
  ['a\nb', false],
  ['a\u0000b', false],
  ['a\ud800b', false],
  ['a'.repeat(1025), false],
])('%j is a name of a key: %s', (name, expected) => {
  expect(isKeyName(name)).toBe(expected);
});
