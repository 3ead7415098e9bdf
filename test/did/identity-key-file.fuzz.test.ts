import fc from 'fast-check';
import { test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeIdentityKey } from '../../src/did/identity-key-file.ts';
import { HanaperError } from '../../src/errors.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const numRuns = fuzzRuns(3000);
const body = fc.uint8Array({ maxLength: 200 });
const labels = fc.constantFrom('PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY');
const prefixes = fc.constantFrom(
  '',
  '302e020100300506032b657004220420',
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420',
  '30770201010420',
  '308193304f06092a864886f70d01050d3042302106092b06010401da47040b3014',
  '30819b305706092a864886f70d01050d304a302906092a864886f70d01050c301c0408',
);
const pem = fc
  .tuple(labels, prefixes, body)
  .map(([label, prefix, rest]) =>
    encodeUtf8(
      `-----BEGIN ${label}-----\n${Buffer.concat([Buffer.from(prefix, 'hex'), rest]).toString('base64')}\n-----END ${label}-----\n`,
    ),
  );
const coordinate = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const jwk = fc
  .record(
    {
      kty: fc.constantFrom('OKP', 'EC', 'RSA'),
      crv: fc.constantFrom('Ed25519', 'P-256', 'secp256k1'),
      x: coordinate,
      y: coordinate,
      d: fc.oneof(coordinate, fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  .map((value) => encodeUtf8(JSON.stringify(value)));
const files = fc.oneof(
  body,
  pem,
  jwk,
  body.map((rest) => concatBytes(encodeUtf8('{'), rest)),
);

test('whatever the file, reading an identity key throws nothing but a HanaperError', async () => {
  await fc.assert(
    fc.asyncProperty(files, async (file) => {
      using secret = Secret.copyOf(file);
      try {
        using _key = await decodeIdentityKey(secret, async () => Secret.copyOf(encodeUtf8('passphrase')));
      } catch (error) {
        if (!(error instanceof HanaperError)) throw error;
      }
    }),
    { numRuns },
  );
});
