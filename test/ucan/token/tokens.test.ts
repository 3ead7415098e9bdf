import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../../src/bytes.ts';
import {
  containerEncodings,
  decodeToken,
  encodeContainer,
  limits,
  partitionTokens,
  unpackTokens,
} from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import { delegate, invoke, principal } from '../../support/ucan.ts';
import { toHex } from '../../support/vectors.ts';

const alice = await principal('alice');
const bob = await principal('bob');
const delegation = await delegate(alice, bob);
const invocation = await invoke(bob, alice, [delegation]);
const both = [delegation.bytes, invocation.bytes];
const base64 = Buffer.from(delegation.bytes).toString('base64');
const base64url = Buffer.from(delegation.bytes).toString('base64url');

describe('a file of one token is read', () => {
  test.each<[string, Uint8Array]>([
    ['raw', delegation.bytes],
    ['in base64', encodeUtf8(base64)],
    ['in base64url', encodeUtf8(base64url)],
    ['in base64 with a newline at its end', encodeUtf8(`${base64}\n`)],
    ['in base64url with a newline of Windows at its end', encodeUtf8(`${base64url}\r\n`)],
  ])('%s', async (_, file) => {
    expect((await unpackTokens(file)).map(toHex)).toEqual([toHex(delegation.bytes)]);
  });
});

test.each(containerEncodings)('a container in %s is unpacked', async (encoding) => {
  const container = await encodeContainer(both, encoding);
  const hex = both.map(toHex).toSorted();
  expect((await unpackTokens(container)).map(toHex)).toEqual(hex);
  const file = concatBytes(container, encodeUtf8('\n'));
  if (encoding.startsWith('base64')) expect((await unpackTokens(file)).map(toHex)).toEqual(hex);
  else await expectCode('malformed_token', () => unpackTokens(file));
});

describe('a file that holds no tokens is malformed:', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['a newline', encodeUtf8('\n')],
    ['words', encodeUtf8('no token')],
    ['JSON', encodeUtf8('{"token":"…"}')],
    ['an old token', encodeUtf8('eyJhbGciOiJFZERTQSJ9.e30.AA')],
    ['base64 of something else', encodeUtf8('AAAA')],
    ['base64 with a newline in the middle', encodeUtf8(`${base64.slice(0, 40)}\n${base64.slice(40)}`)],
    ['base64 with white space before it', encodeUtf8(` ${base64}`)],
    ['a byte-order mark', encodeUtf8(`\ufeff${base64}`)],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x00)],
    ['hexadecimal', encodeUtf8(toHex(delegation.bytes))],
    ['more than a mebibyte of base64', encodeUtf8('g'.repeat(limits.containerBytes + 1))],
    ['more than a mebibyte of a container', new Uint8Array(limits.containerBytes + 1).fill(0x40)],
  ])('%s', async (_, file) => {
    await expectCode('malformed_token', () => unpackTokens(file));
  });
});

test('tokens are told apart by what they are, in their order', async () => {
  const other = await delegate(bob, alice);
  const tokens = [delegation, invocation, other].map(({ bytes }) => decodeToken(bytes));
  const { delegations, invocations } = partitionTokens(tokens);
  expect(delegations.map(({ cid }) => cid)).toEqual([delegation.cid, other.cid]);
  expect(invocations.map(({ cid }) => cid)).toEqual([invocation.cid]);
});
