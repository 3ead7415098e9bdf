import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  concatBytes,
  decodeBase64,
  decodeBase64Ascii,
  decodeBase64Url,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeBase64Ascii,
  encodeBase64Url,
  encodeHex,
  encodeUtf8,
  equalBytes,
} from '../src/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 200 });

describe('base64', () => {
  // RFC 4648, section 10.
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('of %j is %j, both ways', (text, base64) => {
    expect(encodeBase64(encodeUtf8(text))).toBe(base64);
    expect(decodeBase64(base64)).toEqual(encodeUtf8(text));
    expect(encodeBase64Url(encodeUtf8(text))).toBe(base64.replaceAll('=', ''));
    expect(decodeBase64Url(base64.replaceAll('=', ''))).toEqual(encodeUtf8(text));
  });

  test.each([
    ['a space within', 'Zm 9v'],
    ['a leading space', ' Zm9v'],
    ['a trailing newline', 'Zm9v\n'],
    ['a carriage return', 'Zm9v\r\n'],
    ['no padding', 'Zg'],
    ['half the padding', 'Zg='],
    ['too much padding', 'Zm9v===='],
    ['three paddings', 'Z==='],
    ['padding alone', '===='],
    ['padding within', 'Zg==Zg=='],
    ['padding in the middle of a group', 'Z=9v'],
    ['one digit over', 'Zm9vZ'],
    ['stray bits under two paddings', 'Zh=='],
    ['stray bits under one padding', 'Zm9='],
    ['the URL-safe minus', 'Zm-v'],
    ['the URL-safe underscore', 'Zm_v'],
    ['a character beyond ASCII', 'Zmév'],
    ['a NUL', 'Zm9\0'],
  ])('in the standard form with %s is refused', (_, text) => {
    expect(decodeBase64(text)).toBeUndefined();
    expect(decodeBase64Ascii(encodeUtf8(text))).toBeUndefined();
  });

  test.each([
    ['padding', 'Zg=='],
    ['the standard plus', 'Zm+v'],
    ['the standard slash', 'Zm/v'],
    ['a newline', 'Zm9v\n'],
    ['one digit over', 'Zm9vZ'],
    ['stray bits', 'Zh'],
    ['stray bits behind two digits', 'Zm9'],
  ])('in the URL-safe form with %s is refused', (_, text) => {
    expect(decodeBase64Url(text)).toBeUndefined();
  });

  test('is what Buffer writes, and is read back', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(encodeBase64(input)).toBe(Buffer.from(input).toString('base64'));
        expect(encodeBase64Url(input)).toBe(Buffer.from(input).toString('base64url'));
        expect(Buffer.from(encodeBase64Ascii(input)).toString('latin1')).toBe(encodeBase64(input));
        expect(decodeBase64(encodeBase64(input))).toEqual(input);
        expect(decodeBase64Url(encodeBase64Url(input))).toEqual(input);
        expect(decodeBase64Ascii(encodeBase64Ascii(input))).toEqual(input);
      }),
    );
  });
});

describe('hexadecimal', () => {
  test.each([
    ['an upper-case digit', 'aB'],
    ['an odd length', 'abc'],
    ['a space', 'ab cd '],
    ['a prefix', '0xab'],
    ['a newline', 'ab\n\n'],
    ['a letter beyond f', 'ag'],
    ['a wide digit', '０１'],
  ])('with %s is refused', (_, text) => {
    expect(decodeHex(text)).toBeUndefined();
  });

  test('is what Buffer writes, and is read back', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(encodeHex(input)).toBe(Buffer.from(input).toString('hex'));
        expect(decodeHex(encodeHex(input))).toEqual(input);
      }),
    );
  });

  test('of nothing is the empty text', () => {
    expect(encodeHex(new Uint8Array())).toBe('');
    expect(decodeHex('')).toEqual(new Uint8Array());
  });
});

describe('UTF-8', () => {
  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a cut sequence', [0xe2, 0x82]],
  ])('with %s is refused', (_, input) => {
    expect(decodeUtf8(Uint8Array.from(input))).toBeUndefined();
  });

  test('keeps a byte-order mark', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  test('that was refused once does not spoil the next text', () => {
    decodeUtf8(Uint8Array.of(0xe2, 0x82));
    expect(decodeUtf8(encodeUtf8('€'))).toBe('€');
  });

  test('of a well-formed text is what Buffer writes, and is read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Buffer.from(encodeUtf8(text)).equals(Buffer.from(text, 'utf8'))).toBe(true);
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
  });
});

describe('arrays', () => {
  test('are equal exactly where Buffer says so', () => {
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        expect(equalBytes(left, right)).toBe(Buffer.from(left).equals(right));
        expect(equalBytes(left, new Uint8Array(left))).toBe(true);
      }),
    );
  });

  test('of which one is the start of the other are not equal', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false);
  });

  test('are joined as Buffer joins them', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (parts) => {
        expect(Buffer.from(concatBytes(...parts)).equals(Buffer.concat(parts))).toBe(true);
      }),
    );
  });
});
