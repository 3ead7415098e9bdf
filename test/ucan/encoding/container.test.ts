import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../../src/bytes.ts';
import {
  type ContainerEncoding,
  containerEncodings,
  decodeContainer,
  decodeToken,
  encodeContainer,
  isContainer,
  limits,
} from '../../../src/ucan/index.ts';
import { Cbor, head, list, map, type Raw } from '../../support/cbor.ts';
import { expectCode } from '../../support/codes.ts';
import { toHex } from '../../support/vectors.ts';

const published: readonly (readonly [ContainerEncoding, string, number])[] = [
  ['raw', 'Bytes', 0x40],
  ['base64', 'Base64StdPadding', 0x42],
  ['base64url', 'Base64URL', 0x43],
  ['raw-gzip', 'BytesGzipped', 0x4d],
  ['base64-gzip', 'Base64StdPaddingGzipped', 0x4f],
  ['base64url-gzip', 'Base64URLGzipped', 0x50],
];
const readPublished = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../vectors/ucan/container/${name}`, import.meta.url)));
const hexOf = (tokens: readonly Uint8Array[]): string[] => tokens.map(toHex);
const raw = (body: Cbor, mark = 0x40): Uint8Array => concatBytes(Uint8Array.of(mark), body.bytes);
const zipped = (bytes: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(0x4d), gzipSync(bytes));
const sortedHex = (tokens: readonly Uint8Array[]): string[] => hexOf(tokens.toSorted((a, b) => Buffer.compare(a, b)));

describe('the published container', () => {
  test.each(published)('in %s holds ten delegations', async (_, name, mark) => {
    const file = readPublished(name);
    expect(file[0]).toBe(mark);
    expect(isContainer(file)).toBe(true);
    const tokens = await decodeContainer(file);
    expect(tokens).toHaveLength(10);
    for (const token of tokens) expect(decodeToken(token).kind).toBe('delegation');
  });

  test.each(published)('is written again in %s, and read back to the same tokens', async (encoding, name) => {
    const tokens = await decodeContainer(readPublished(name));
    const written = await encodeContainer(tokens, encoding);
    expect(sortedHex(await decodeContainer(written))).toEqual(sortedHex(tokens));
    if (!encoding.endsWith('gzip')) expect(written).toHaveLength(readPublished(name).length);
  });
});

test('the encodings are the six of the specification', () => {
  expect(containerEncodings).toEqual(['raw', 'base64', 'base64url', 'raw-gzip', 'base64-gzip', 'base64url-gzip']);
});

test('tokens are written sorted and once, and read back, in every encoding', async () => {
  const tokens = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(tokens, fc.constantFrom(...containerEncodings), async (given, encoding) => {
      const read = hexOf(await decodeContainer(await encodeContainer([...given, ...given.slice(0, 3)], encoding)));
      expect(read).toEqual([...new Set(hexOf(given))].toSorted());
    }),
    { numRuns: 150 },
  );
});

test('tokens are read in the order in which they lie there, and as often', async () => {
  const tokens = [Uint8Array.of(3), Uint8Array.of(1), Uint8Array.of(1, 2), Uint8Array.of(1)];
  expect(hexOf(await decodeContainer(raw(map({ 'ctn-v1': tokens }))))).toEqual(hexOf(tokens));
});

test('256 tokens are read, and 257 are too many', async () => {
  const tokens = (count: number): Raw => Array.from({ length: count }, (_, i) => Uint8Array.of(i >> 8, i));
  expect(await decodeContainer(raw(map({ 'ctn-v1': tokens(256) })))).toHaveLength(256);
  await expectCode('malformed_token', () => decodeContainer(raw(map({ 'ctn-v1': tokens(257) }))));
  const endless = new Cbor([0xa1, 0x66], Buffer.from('ctn-v1'), head(4, Number.MAX_SAFE_INTEGER));
  await expectCode('malformed_token', () => decodeContainer(raw(endless)));
});

test('a container of a mebibyte is read, and one byte more is too many', async () => {
  const token = new Uint8Array(limits.containerBytes - 15);
  const container = raw(map({ 'ctn-v1': [token] }));
  expect(container).toHaveLength(limits.containerBytes);
  expect(await decodeContainer(container)).toHaveLength(1);
  const longer = raw(map({ 'ctn-v1': [new Uint8Array(token.length + 1)] }));
  await expectCode('malformed_token', () => decodeContainer(longer));
});

test('a container that unzips to four mebibytes is read, and one byte more is too many', async () => {
  const token = new Uint8Array(limits.containerUnpackedBytes - 14);
  const body = map({ 'ctn-v1': [token] }).bytes;
  expect(body).toHaveLength(limits.containerUnpackedBytes);
  expect(await decodeContainer(zipped(body))).toHaveLength(1);
  const longer = map({ 'ctn-v1': [new Uint8Array(token.length + 1)] }).bytes;
  await expectCode('malformed_token', () => decodeContainer(zipped(longer)));
});

test('a body that would unzip to 100 MB is refused without taking that memory', async () => {
  const bomb = zipped(new Uint8Array(100_000_000));
  expect(bomb.length).toBeLessThan(200_000);
  let most = 0;
  const before = process.memoryUsage().arrayBuffers;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 1);
  await expectCode('malformed_token', () => decodeContainer(bomb));
  clearInterval(watch);
  most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  expect(most).toBeLessThan(40_000_000);
});

describe('no container is', () => {
  const body = map({ 'ctn-v1': [Uint8Array.of(1, 2, 3)] }).bytes;
  const zip = gzipSync(body);
  const of = (mark: number, text: Uint8Array | string): Uint8Array =>
    concatBytes(Uint8Array.of(mark), typeof text === 'string' ? encodeUtf8(text) : text);
  const base64 = Buffer.from(body).toString('base64');
  const base64url = Buffer.from(body).toString('base64url');

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['a mark alone', Uint8Array.of(0x40)],
    ['one of an unknown mark', of(0x41, body)],
    ['a raw body under the mark of base64', of(0x42, body)],
    ['a body in base64 under the mark of a raw one', of(0x40, base64)],
    ['a body without its gzip under the mark of one', of(0x4d, body)],
    [
      'base64 without its padding',
      of(
        0x42,
        Buffer.from([...body, 1])
          .toString('base64')
          .replaceAll('=', ''),
      ),
    ],
    ['base64url with padding', of(0x43, `${base64url}==`)],
    ['base64 with a newline', of(0x42, `${base64}\n`)],
    ['base64 with a space inside', of(0x42, `${base64.slice(0, 4)} ${base64.slice(4)}`)],
    ['base64 with the letters of base64url', of(0x42, '-_-_')],
    ['base64url with the letters of base64', of(0x43, '+/+/')],
    ['base64 with stray bits', of(0x42, `${base64.slice(0, -1)}B`.replace(/.B$/, 'B='))],
    ['a gzip that is cut', of(0x4d, zip.subarray(0, -1))],
    ['a gzip without its end', of(0x4d, zip.subarray(0, -8))],
    ['a gzip of ten bytes', of(0x4d, zip.subarray(0, 10))],
    ['a gzip whose sum is wrong', of(0x4d, zip.with(zip.length - 8, (zip[zip.length - 8] ?? 0) ^ 1))],
    ['a gzip with a byte behind it', of(0x4d, concatBytes(zip, Uint8Array.of(0)))],
    ['a gzip with a second one behind it', of(0x4d, concatBytes(zip, zip))],
    ['an empty gzip', of(0x4d, gzipSync(new Uint8Array(0)))],
    ['a raw body with a byte behind it', of(0x40, concatBytes(body, Uint8Array.of(0)))],
    ['a raw body that is cut', of(0x40, body.subarray(0, -1))],
    ['a list', raw(list([Uint8Array.of(1)]))],
    ['an empty map', raw(map({}))],
    ['of another version', raw(map({ 'ctn-v2': [] }))],
    ['of two versions', raw(map({ 'ctn-v1': [], 'ctn-v2': [] }))],
    ['one whose tokens are a map', raw(map({ 'ctn-v1': map({}) }))],
    ['one whose tokens are bytes', raw(map({ 'ctn-v1': Uint8Array.of(1) }))],
    ['one with a token that is text', raw(map({ 'ctn-v1': ['token'] }))],
    ['one with a token that is null', raw(map({ 'ctn-v1': [null] }))],
    ['one without lengths', of(0x40, concatBytes(Uint8Array.of(0xbf), body.subarray(1), Uint8Array.of(0xff)))],
  ])('%s', async (_, bytes) => {
    await expectCode('malformed_token', () => decodeContainer(bytes));
  });
});

test('only the six marks begin a container', () => {
  const marks = published.map(([, , mark]) => mark);
  for (let mark = 0; mark < 256; mark++) expect(isContainer(Uint8Array.of(mark))).toBe(marks.includes(mark));
  expect(isContainer(new Uint8Array(0))).toBe(false);
});
