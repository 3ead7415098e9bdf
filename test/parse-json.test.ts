import { expect, test } from 'vitest';
import { encodeUtf8 } from '../src/bytes.ts';
import { parseJson } from '../src/parse-json.ts';

test('JSON is read from text and from UTF-8', () => {
  for (const value of [null, 0, '', [], { key: 'ä' }]) {
    const text = JSON.stringify(value);
    expect(parseJson(text)).toEqual(value);
    expect(parseJson(encodeUtf8(text))).toEqual(value);
  }
});

test('what is not JSON, or not UTF-8, is nothing', () => {
  for (const text of ['', '{', 'undefined', "{'a': 1}", '1 2']) expect(parseJson(text)).toBeUndefined();
  expect(parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
});
