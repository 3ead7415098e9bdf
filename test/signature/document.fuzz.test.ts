import fc from 'fast-check';
import { test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { decodeSignature, parseSignatureFile } from '../../src/signature/index.ts';
import { decodeStatements } from '../../src/signature/statement.ts';
import { expectOnlyHanaperErrors } from '../support/codes.ts';
import { createSigner, signBy, signHashBy } from '../support/fixtures.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const numRuns = fuzzRuns(5000);
const hash = 'ab'.repeat(32);
const signer = await createSigner('alice');
const documents = [await signBy(signer, hash), await signHashBy(signer, hash)].map((each) => JSON.stringify(each));

test('any bytes are read, or refused with a HanaperError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expectOnlyHanaperErrors(() => parseSignatureFile(bytes));
      expectOnlyHanaperErrors(() => decodeStatements(bytes));
    }),
    { numRuns },
  );
});

test('any JSON is read, or refused with a HanaperError', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const bytes = encodeUtf8(JSON.stringify(value));
      expectOnlyHanaperErrors(() => decodeSignature(value));
      expectOnlyHanaperErrors(() => parseSignatureFile(bytes));
      expectOnlyHanaperErrors(() => decodeStatements(bytes));
    }),
    { numRuns },
  );
});

test('any JSON in the place of any field is read, or refused with a HanaperError', () => {
  const changed = fc
    .record({ text: fc.constantFrom(...documents), field: fc.nat(8), value: fc.jsonValue({ maxDepth: 3 }) })
    .map(({ text, field, value }) => {
      const document = JSON.parse(text);
      const keys = Object.keys(document);
      return { ...document, [keys[field % keys.length] ?? 'extra']: value };
    });
  fc.assert(
    fc.property(changed, (document) => expectOnlyHanaperErrors(() => decodeSignature(document))),
    { numRuns },
  );
});

test('a document with any character changed is read, or refused with a HanaperError', () => {
  fc.assert(
    fc.property(fc.constantFrom(...documents), fc.nat(), fc.string({ maxLength: 2 }), (text, at, put) => {
      const index = at % text.length;
      const bytes = encodeUtf8(text.slice(0, index) + put + text.slice(index + 1));
      expectOnlyHanaperErrors(() => parseSignatureFile(bytes).map(decodeSignature));
    }),
    { numRuns },
  );
});
