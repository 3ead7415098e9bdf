import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { HanaperError } from '../../src/errors.ts';
import { decodeSignature, type SignatureDocument } from '../../src/signature/index.ts';
import type { PackageStatement } from '../../src/signature/statement.ts';
import { type Candidate, type TrustedKey, verifySignatures } from '../../src/signature/verify.ts';
import { expectCode } from '../support/codes.ts';
import { createSigner, now, signBy, signHashBy, trustIn } from '../support/fixtures.ts';
import { flipBit } from '../support/vectors.ts';

const hash = createHash('sha256').update('a package').digest('hex');
const otherHash = createHash('sha256').update('another package').digest('hex');
const [alice, bob, mallory] = [await createSigner('alice'), await createSigner('bob'), await createSigner('mallory')];
const identity = { hash, name: 'plugin.wasm' };
const trusted = trustIn(alice, bob);

function candidate(document: SignatureDocument, origin: 'detached' | 'database' = 'detached'): Candidate {
  return { origin, signature: decodeSignature(document) };
}

function forged(from: Candidate): Candidate {
  if (!('signature' in from)) return from;
  return { ...from, signature: { ...from.signature, signature: flipBit(from.signature.signature, 100) } };
}

function verify(candidates: readonly Candidate[], { keys = trusted, at = now } = {}) {
  return verifySignatures(identity, candidates, keys, at);
}

const malformed: Candidate = { malformed: new HanaperError('malformed_signature', 'It is not JSON.') };
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds);

// One candidate for each reason of refusal, in the order in which they are checked.
const refusals = new Map<ErrorCode | 'wrong organisation', Candidate>([
  ['malformed_signature', malformed],
  ['package_tampered', candidate(await signBy(alice, otherHash))],
  ['untrusted_signer', candidate(await signBy(mallory, hash))],
  ['invalid_signature', forged(candidate(await signBy(alice, hash)))],
  ['package_name_mismatch', candidate(await signBy(alice, hash, { name: 'other.wasm' }))],
  ['wrong organisation', candidate(await signBy(alice, hash, { organisation: bob.organisation }))],
  ['signature_not_yet_valid', candidate(await signBy(alice, hash, { signedAt: later(120_000).toISOString() }))],
  ['signature_expired', candidate(await signBy(alice, hash, { expiresAt: later(-1).toISOString() }))],
]);
const ranking = [...refusals];
const codeOf = (reason: string) => (reason === 'wrong organisation' ? 'untrusted_signer' : reason) as ErrorCode;

describe('a signature by a trusted key is accepted', () => {
  test.each(['detached', 'database'] as const)('in a statement, %s', async (origin) => {
    const accepted = await verify([candidate(await signBy(alice, hash), origin)]);
    expect(accepted.key).toBe(alice.trusted);
    expect(accepted.signature.statement?.name).toBe('plugin.wasm');
  });

  test.each(['detached', 'database'] as const)('over the bare hash, %s', async (origin) => {
    const accepted = await verify([candidate(await signHashBy(bob, hash), origin)]);
    expect(accepted.key).toBe(bob.trusted);
    expect(accepted.signature.format).toBe('v1');
  });

  test('with any other signers, in any order, and whatever else is refused', async () => {
    const good = candidate(await signBy(bob, hash));
    const all = [...refusals.values(), good];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(all), async (some) => {
        const result = await verify(some.includes(good) ? some : [...some, good]);
        expect(result.key).toBe(bob.trusted);
      }),
    );
  });

  test('of two good ones, the first', async () => {
    const [one, two] = [candidate(await signBy(alice, hash)), candidate(await signBy(bob, hash))];
    expect((await verify([one, two])).key).toBe(alice.trusted);
    expect((await verify([two, one])).key).toBe(bob.trusted);
  });
});

describe('a signature is refused', () => {
  test.each(ranking)('as %s', async (reason, refused) => {
    await expectCode(codeOf(reason), () => verify([refused]));
  });

  test('for the reason of the one that came furthest, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(ranking, { minLength: 1 }), async (some) => {
        const furthest = Math.max(...some.map((each) => ranking.indexOf(each)));
        const expected = codeOf(ranking[furthest]?.[0] ?? '');
        await expectCode(expected, () => verify(some.map(([, refused]) => refused)));
      }),
    );
  });

  test('where no signature was made', async () => {
    const { details } = await expectCode('signature_not_found', () => verify([]));
    expect(details).toMatchObject({ packageHash: hash });
  });

  test('where nobody is trusted', async () => {
    const signed = candidate(await signBy(alice, hash));
    await expectCode('untrusted_signer', () => verify([signed], { keys: new Map() }));
  });

  test('as not found where the database holds one of another package', async () => {
    await expectCode('signature_not_found', async () =>
      verify([candidate(await signBy(alice, otherHash), 'database')]),
    );
  });

  test('as tampered or malformed, whatever the database holds of another package', async () => {
    const elsewhere = candidate(await signBy(alice, otherHash), 'database');
    const tampered = candidate(await signBy(alice, otherHash));
    await expectCode('package_tampered', () => verify([tampered, elsewhere]));
    await expectCode('package_tampered', () => verify([elsewhere, tampered]));
    await expectCode('malformed_signature', () => verify([elsewhere, malformed]));
    await expectCode('malformed_signature', () => verify([malformed, elsewhere]));
  });

  test('with details that name the hashes, or the signer', async () => {
    const tampered = await expectCode('package_tampered', async () =>
      verify([candidate(await signBy(alice, otherHash))]),
    );
    expect(tampered.details).toEqual({ expected: otherHash, actual: hash });
    const untrusted = await expectCode('untrusted_signer', async () =>
      verify([candidate(await signBy(mallory, hash))]),
    );
    expect(untrusted.details).toMatchObject({ fingerprint: mallory.fingerprint });
  });

  test.each<[ErrorCode, Partial<PackageStatement>, string]>([
    ['package_tampered', { packageHash: otherHash, name: 'other.wasm' }, 'mallory'],
    ['untrusted_signer', { name: 'other.wasm', expiresAt: later(-1).toISOString() }, 'mallory'],
    ['package_name_mismatch', { name: 'other.wasm', organisation: bob.organisation }, 'alice'],
    ['package_name_mismatch', { name: 'PLUGIN.wasm' }, 'alice'],
    ['package_name_mismatch', { name: 'dir/plugin.wasm' }, 'alice'],
    ['untrusted_signer', { organisation: bob.organisation, expiresAt: later(-1).toISOString() }, 'alice'],
  ])('as %s before what is checked later: %j by %s', async (code, changes, name) => {
    const signer = name === 'alice' ? alice : mallory;
    await expectCode(code, async () => verify([candidate(await signBy(signer, hash, changes))]));
  });

  test('where the statement was signed by another key than it names', async () => {
    const claimed = { ...mallory, fingerprint: alice.fingerprint, organisation: alice.organisation };
    await expectCode('invalid_signature', async () => verify([candidate(await signBy(claimed, hash))]));
    await expectCode('invalid_signature', async () => verify([candidate(await signHashBy(claimed, hash))]));
  });
});

describe('the organisation of a statement', () => {
  const inherited: TrustedKey = { ...alice.trusted, via: 'acme' };
  const accepts = async (key: TrustedKey, organisation: string) => {
    const signed = candidate(await signBy(alice, hash, { organisation }));
    return verify([signed], { keys: new Map([[alice.fingerprint, key]]) });
  };

  test('is one of the owners of the key', async () => {
    const key = { ...inherited, owners: [bob.organisation, alice.organisation] };
    expect((await accepts(key, alice.organisation)).key.via).toBe('acme');
    expect((await accepts(key, bob.organisation)).key).toBe(key);
    await expectCode('untrusted_signer', () => accepts(key, mallory.organisation));
  });

  test('may be any where the owners are not known', async () => {
    const key = { ...alice.trusted, owners: [] };
    expect((await accepts(key, mallory.organisation)).key).toBe(key);
  });
});

describe('time', () => {
  const at = (milliseconds: number) => ({ at: later(milliseconds) });

  test('counts to the very moment of expiry, and not a millisecond longer', async () => {
    const signed = candidate(await signBy(alice, hash, { expiresAt: later(5000).toISOString() }));
    expect((await verify([signed], at(5000))).key).toBe(alice.trusted);
    await expectCode('signature_expired', () => verify([signed], at(5001)));
  });

  test('may run sixty seconds behind the signer, and not a millisecond more', async () => {
    const signed = candidate(await signBy(alice, hash));
    expect((await verify([signed], at(-60_000))).key).toBe(alice.trusted);
    await expectCode('signature_not_yet_valid', () => verify([signed], at(-60_001)));
  });

  test('claimed by a hash signature changes no verdict', async () => {
    const document = await signHashBy(alice, hash);
    for (const signed_at of ['1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z']) {
      expect((await verify([candidate({ ...document, signed_at })])).key).toBe(alice.trusted);
    }
  });
});

test('a hash signature counts under any name', async () => {
  const signed = candidate(await signHashBy(alice, hash));
  const renamed = { hash, name: 'renamed.wasm' };
  expect((await verifySignatures(renamed, [signed], trusted, now)).key).toBe(alice.trusted);
});
