import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, decodeBase64Url, decodeHex, encodeBase64, encodeBase64Url, encodeHex } from '../src/bytes.ts';
import { fuzzRuns } from './support/fuzz.ts';

const numRuns = fuzzRuns(20_000);
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'ABCZabcz019+/-_= \n') }),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefAF') }),
);

test('a text that a decoder takes is the one that its encoder writes', () => {
  fc.assert(
    fc.property(texts, (text) => {
      for (const [decode, encode] of [
        [decodeBase64, encodeBase64],
        [decodeBase64Url, encodeBase64Url],
        [decodeHex, encodeHex],
      ] as const) {
        const bytes = decode(text);
        if (bytes !== undefined) expect(encode(bytes)).toBe(text);
      }
    }),
    { numRuns },
  );
});
