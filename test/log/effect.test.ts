import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSalt, digestEffect, saltLength } from '../../src/log/effect.ts';
import { list, map } from '../support/cbor.ts';
import { toHex } from '../support/vectors.ts';

const salt = new Uint8Array(16).fill(1);
const row = { org_id: 'b', id: 'a', size: 3, key: Uint8Array.of(4) };
const effect = { table: 'signing_keys', key: 'a', row };

test('a digest is the SHA-256 of DAG-CBOR: a context, the salt, the table, the key and the row', () => {
  const bytes = list(['hanaper/v1/effect', salt, 'signing_keys', 'a', map(row)]).bytes;
  expect(toHex(digestEffect(salt, effect))).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('of a row that was removed null is hashed', () => {
  const bytes = list(['hanaper/v1/effect', salt, 'signing_keys', 'a', null]).bytes;
  expect(toHex(digestEffect(salt, { ...effect, row: null }))).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('in which order the columns come does not matter', () => {
  const reversed = Object.fromEntries(Object.entries(row).toReversed());
  expect(toHex(digestEffect(salt, { ...effect, row: reversed }))).toBe(toHex(digestEffect(salt, effect)));
});

describe('another digest comes of', () => {
  test.each<[string, Parameters<typeof digestEffect>[1]]>([
    ['another table', { ...effect, table: 'trusted_keys' }],
    ['another key', { ...effect, key: 'b' }],
    ['another value', { ...effect, row: { ...row, size: 4 } }],
    ['a value of another type', { ...effect, row: { ...row, size: '3' } }],
    ['bytes that are text', { ...effect, row: { ...row, key: '\u0004' } }],
    ['a column more', { ...effect, row: { ...row, extra: '' } }],
    ['a column less', { ...effect, row: { id: 'a' } }],
    ['no column', { ...effect, row: {} }],
    ['a row that is gone', { ...effect, row: null }],
    ['what moved from the table to the key', { ...effect, table: 'signing_key', key: 'sa' }],
  ])('%s', (_, other) => {
    expect(toHex(digestEffect(salt, other))).not.toBe(toHex(digestEffect(salt, effect)));
  });

  test('another salt', () => {
    expect(toHex(digestEffect(new Uint8Array(16), effect))).not.toBe(toHex(digestEffect(salt, effect)));
  });
});

test('a salt is of 16 bytes, and never the same', () => {
  const salts = Array.from({ length: 100 }, createSalt);
  for (const each of salts) expect(each).toHaveLength(saltLength);
  expect(saltLength).toBe(16);
  expect(new Set(salts.map(toHex)).size).toBe(100);
});
