import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { base32 } from 'multiformats/bases/base32';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { describe, expect, test } from 'vitest';
import { cidKey, computeCid, formatCid, isTokenCid, parseCid } from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import { fromHex, toHex } from '../../support/vectors.ts';

const digest = create(0x12, new Uint8Array(32).fill(7));
const cid = CID.createV1(0x71, digest);

test('the CID of a token is of version 1, DAG-CBOR and SHA-256 over all of its bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      expect(toHex(computeCid(bytes).bytes)).toBe(`01711220${sha256}`);
    }),
  );
});

test('a CID is printed in base58btc, and read in every common base', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
      const made = computeCid(bytes);
      expect(formatCid(made)).toMatch(/^zdpu[1-9A-HJ-NP-Za-km-z]{45}$/);
      expect(parseCid(formatCid(made)).equals(made)).toBe(true);
      expect(made.toString(base32)).toMatch(/^bafyrei/);
      expect(parseCid(made.toString(base32)).equals(made)).toBe(true);
      expect(parseCid(`f${toHex(made.bytes)}`).equals(made)).toBe(true);
      expect(parseCid(`u${Buffer.from(made.bytes).toString('base64url')}`).equals(made)).toBe(true);
    }),
  );
});

test('the keys of two CIDs are equal where the CIDs are, whatever base they were read in', () => {
  const other = computeCid(Uint8Array.of(1));
  expect(cidKey(parseCid(cid.toString(base32)))).toBe(cidKey(parseCid(cid.toString(base58btc))));
  expect(cidKey(cid)).not.toBe(cidKey(other));
});

describe('what is no CID of a token is bad input:', () => {
  test.each([
    ['nothing', ''],
    ['words', 'a CID'],
    ['a DID', 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'],
    ['version 0', CID.createV0(digest).toString()],
    ['raw bytes', CID.createV1(0x55, digest).toString()],
    ['DAG-JSON', CID.createV1(0x0129, digest).toString()],
    ['another hash', CID.createV1(0x71, create(0x1e, new Uint8Array(32))).toString()],
    ['the identity hash', CID.createV1(0x71, create(0x00, new Uint8Array(32))).toString()],
    ['half a hash', CID.createV1(0x71, create(0x12, new Uint8Array(16))).toString()],
    ['a character too few', formatCid(cid).slice(0, -1)],
    ['a character too many', `${formatCid(cid)}1`],
    ['white space before it', ` ${formatCid(cid)}`],
    ['white space behind it', `${formatCid(cid)}\n`],
    ['a base that is not known', `k${formatCid(cid).slice(1)}`],
    ['hexadecimal that ends in the middle', `f${toHex(cid.bytes)}0`],
    ['a million characters', `z${'z'.repeat(1_000_000)}`],
  ])('%s', async (_, text) => {
    await expectCode('bad_input', () => parseCid(text));
  });
});

test('only version 1, DAG-CBOR and SHA-256 of 32 bytes make the CID of a token', () => {
  expect(isTokenCid(cid)).toBe(true);
  expect(isTokenCid(CID.createV0(digest))).toBe(false);
  expect(isTokenCid(CID.createV1(0x71, create(0x12, new Uint8Array(31))))).toBe(false);
  expect(isTokenCid(CID.decode(fromHex(`01551220${'00'.repeat(32)}`)))).toBe(false);
});
