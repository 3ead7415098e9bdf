import { encode } from 'cborg';
import { expect, test } from 'vitest';
import { preAuthenticationEncoding } from '../../src/signature/dsse.ts';
import { toHex } from '../support/vectors.ts';
import { readPage } from './pages.ts';
import { findAll, readAllSources } from './source-text.ts';

const contexts = /\bhanaper\/v1\/[a-z-]+(?:\/[a-z-]+)?/g;

test('every context string of the sources is documented, and no other', () => {
  const purposes =
    findAll(readAllSources(), /KeyPurpose = .+;/g)
      .join()
      .match(/'[a-z-]+'/g) ?? [];
  const derived = purposes.map((purpose) => `hanaper/v1/${purpose.slice(1, -1)}`);
  const used = [...new Set([...findAll(readAllSources(), contexts), ...derived])].toSorted();
  expect(derived.length).toBeGreaterThan(3);
  expect(findAll(readPage('docs/formats/signed-bytes.md'), contexts)).toEqual(used);
  expect(findAll(readPage('docs/formats/sealed-keys.md'), contexts)).toEqual(used);
});

test('the first bytes and the lengths that keep signed bytes apart are as they are said to be', () => {
  expect(toHex(encode(['hanaper/v1/authority', 1, 2, 3, 4, 5])).slice(0, 4)).toBe('8674');
  expect(toHex(encode(['hanaper/v1/key-slot', 1, 2, 3, 4, 5, 6, 7])).slice(0, 4)).toBe('8873');
  const empty = preAuthenticationEncoding(new Uint8Array(0));
  expect(empty.length).toBe(41);
  expect(toHex(empty).slice(0, 2)).toBe('44');
});

test('no other place in the sources signs than those that are listed', () => {
  const calls = findAll(readAllSources(), /\b(?:vault\.sign|await sign)\([^\n]*/g);
  expect(calls).toEqual([
    'await sign(identity, message);',
    'await sign(seed, hash), signedAt);',
    'await sign(seed, preAuthenticationEncoding(payload));',
    'vault.sign(bytes) };',
    'vault.sign(encodeSlot(slot, vault.did)) };',
  ]);
});
