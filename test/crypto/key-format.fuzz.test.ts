import fc from 'fast-check';
import { test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { decodePrivateKey, decodePublicKey } from '../../src/crypto/key-format.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { HanaperError } from '../../src/errors.ts';
import { expectOnlyHanaperErrors } from '../support/codes.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const numRuns = fuzzRuns(2000);
const body = fc.uint8Array({ maxLength: 120 });

function pem(label: string, der: Uint8Array): Uint8Array {
  return encodeUtf8(`-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`);
}

const prefixed = body.map((rest) =>
  concatBytes(Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex')), rest),
);
const files = fc.oneof(
  body,
  body.map((der) => pem('PRIVATE KEY', der)),
  prefixed.map((der) => pem('PRIVATE KEY', der)),
  body.map((der) => pem('PUBLIC KEY', der)),
);

test('whatever the file, reading a key throws nothing but a HanaperError', async () => {
  await fc.assert(
    fc.asyncProperty(files, async (file) => {
      expectOnlyHanaperErrors(() => decodePublicKey(file));
      using secret = Secret.copyOf(file);
      try {
        using _seed = await decodePrivateKey(secret);
      } catch (error) {
        if (!(error instanceof HanaperError)) throw error;
      }
    }),
    { numRuns },
  );
});
