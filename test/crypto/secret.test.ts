import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { Secret, wipeAllSecrets } from '../../src/crypto/secret.ts';
import { allocateSecret, encodeSecretText } from '../../src/secret-bytes.ts';

const text = 'correct horse battery staple';

test('a secret is overwritten when its block ends', () => {
  const bytes = encodeSecretText(text);
  {
    using secret = Secret.hold(bytes);
    expect(secret.bytes).toBe(bytes);
  }
  expect(bytes).toEqual(allocateSecret(text.length));
});

test('a secret is overwritten when its block throws', () => {
  const bytes = encodeSecretText(text);
  expect(() => {
    using secret = Secret.hold(bytes);
    throw new RangeError(String(secret.length));
  }).toThrow(RangeError);
  expect(bytes).toEqual(allocateSecret(text.length));
});

test('a secret that was wiped is not used again, and may be wiped twice', () => {
  const secret = Secret.copyOf(encodeUtf8(text));
  secret[Symbol.dispose]();
  secret[Symbol.dispose]();
  expect(() => secret.bytes).toThrow(TypeError);
  expect(() => secret.length).toThrow(TypeError);
});

describe('no text form shows a byte:', () => {
  const bytes = encodeUtf8(text);
  const secret = Secret.copyOf(bytes);
  const forms = {
    'String()': () => String(secret),
    'a template': () => `${secret}`,
    'JSON.stringify': () => JSON.stringify({ secret }),
    'util.inspect': () => inspect(secret, { showHidden: true, depth: 9 }),
    'util.inspect of what holds it': () => inspect({ deep: [{ secret }] }, { depth: 9 }),
    'Object.entries': () => JSON.stringify(Object.entries(secret)),
    'a spread': () => JSON.stringify({ ...secret }),
    structuredClone: () => JSON.stringify(structuredClone(secret)),
    'an error message': () => String(new Error(`failed with ${secret}`).stack),
  };
  test.each(Object.entries(forms))('%s', (_, form) => {
    const shown = form();
    expect(shown).not.toContain('correct');
    expect(shown).not.toContain(Buffer.from(bytes).toString('hex').slice(0, 8));
    expect(shown).not.toContain(Buffer.from(bytes).toString('base64').slice(0, 8));
    expect(shown).not.toContain([...bytes].slice(0, 4).join(','));
    expect(shown).not.toContain([...bytes].slice(0, 4).join(', '));
  });
});

describe('a secret lies in a buffer of its own', () => {
  test('where it is copied', () => {
    const source = encodeUtf8(text);
    using secret = Secret.copyOf(source);
    expect(secret.bytes.buffer).not.toBe(source.buffer);
    expect(secret.bytes.buffer.byteLength).toBe(secret.length);
    expect(source).toEqual(encodeUtf8(text));
  });

  test('where it is adopted from a shared pool, which is wiped', () => {
    const pooled = Buffer.from(text);
    expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.length);
    using secret = Secret.adopt(pooled);
    expect(secret.bytes.buffer.byteLength).toBe(secret.length);
    expect(secret.bytes).toEqual(encodeUtf8(text));
    expect(pooled.every((byte) => byte === 0)).toBe(true);
  });

  test('where it is adopted from a part of a larger array, and the rest stays', () => {
    const whole = encodeUtf8(`${text}, and more`);
    using secret = Secret.adopt(whole.subarray(0, text.length));
    expect(secret.bytes.buffer.byteLength).toBe(text.length);
    expect(whole.subarray(0, text.length)).toEqual(new Uint8Array(text.length));
    expect(whole.at(-1)).toBe('e'.charCodeAt(0));
  });
});

test('every secret that is still alive is wiped at once', () => {
  const arrays = ['one', 'two', 'three'].map(encodeSecretText);
  const secrets = arrays.map((bytes) => Secret.hold(bytes));
  wipeAllSecrets();
  for (const bytes of arrays) expect(bytes.every((byte) => byte === 0)).toBe(true);
  for (const secret of secrets) expect(() => secret.bytes).toThrow(TypeError);
  wipeAllSecrets();
});
