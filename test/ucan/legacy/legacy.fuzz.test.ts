import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLegacyToken, verifyLegacySignature } from '../../../src/ucan/index.ts';
import { expectOnlyHanaperErrors } from '../../support/codes.ts';
import { fuzzRuns } from '../../support/fuzz.ts';
import { signJwt, signLatestLegacy, signLegacy } from '../../support/legacy.ts';
import { principal } from '../../support/ucan.ts';

const numRuns = fuzzRuns(3000);
const alice = await principal('alice');
const tokens = [await signLegacy(alice, alice), await signLatestLegacy(alice, alice)];
const fields = ['alg', 'typ', 'ucv', 'iss', 'aud', 'exp', 'nbf', 'nnc', 'fct', 'att', 'cap', 'prf'];

test('any text is read, or refused with a HanaperError', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w-]{0,60}\.[\w-]{0,60}\.[\w-]{0,90}$/));
  fc.assert(
    fc.property(texts, (text) => expectOnlyHanaperErrors(() => decodeLegacyToken(text))),
    { numRuns },
  );
});

test('any JSON in the place of any field is read, or refused with a HanaperError', async () => {
  const changes = fc.record({
    token: fc.constantFrom(...tokens),
    part: fc.constantFrom(0, 1),
    field: fc.constantFrom(...fields, '__proto__', 'constructor'),
    value: fc.jsonValue({ maxDepth: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(changes, async ({ token, part, field, value }) => {
      const parts = token.split('.').map((text) => Buffer.from(text, 'base64url').toString());
      const [header, payload] = parts
        .slice(0, 2)
        .map((text, index) => (index === part ? { ...JSON.parse(text), [field]: value } : JSON.parse(text)));
      const changed = await signJwt(alice, header, payload);
      expectOnlyHanaperErrors(() => decodeLegacyToken(changed));
    }),
    { numRuns },
  );
});

test('a token with any one character changed is not verified', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=';
  const changes = fc.record({
    token: fc.constantFrom(...tokens),
    place: fc.nat(),
    character: fc.constantFrom(...alphabet),
  });
  await fc.assert(
    fc.asyncProperty(changes, async ({ token, place, character }) => {
      const at = place % token.length;
      fc.pre(token[at] !== character);
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      const isAccepted = await acceptedBy(changed);
      expect(isAccepted).toBe(false);
    }),
    { numRuns },
  );
});

async function acceptedBy(text: string): Promise<boolean> {
  try {
    return await verifyLegacySignature(decodeLegacyToken(text));
  } catch {
    return false;
  }
}
