import { expect, test } from 'vitest';
import type { TrustedKey } from '../../src/signature/verify.ts';
import { resolveTrustedKeys, trustBareKeys } from '../../src/trust/index.ts';
import { resolveStateKeys } from '../../src/trust/resolve.ts';
import { createSigner } from '../support/fixtures.ts';

const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const inherited: TrustedKey = { ...alice.trusted, via: 'acme' };

test('a key that is trusted directly is not trusted through another organisation as well', () => {
  const keys = resolveTrustedKeys([alice.trusted], [inherited]);
  expect([...keys]).toEqual([[alice.fingerprint, alice.trusted]]);
});

test('direct keys come before inherited ones, and each fingerprint counts once', () => {
  const keys = resolveTrustedKeys(
    [bob.trusted],
    [inherited, { ...inherited, via: 'other' }, { ...bob.trusted, via: 'x' }],
  );
  expect([...keys]).toEqual([
    [bob.fingerprint, bob.trusted],
    [alice.fingerprint, inherited],
  ]);
});

test('a key that the organisation itself calls compromised does not count through another, any other revoked one does', () => {
  const trustedAt = '2026-01-01T00:00:00.000Z';
  const [mine, theirs] = [
    { ...alice.trusted, trustedAt },
    { ...inherited, trustedAt },
  ];
  for (const reason of ['superseded', 'expired', null, 'compromised'] as const) {
    const since = reason === null ? null : trustedAt;
    const revocation = { revokedAt: trustedAt, reason, effectiveAt: since, effectiveIndex: reason === null ? null : 7 };
    const [key, ...others] = resolveStateKeys([{ ...mine, revocation }], [theirs]);
    expect(others).toEqual([]);
    expect(key).toEqual(reason === 'compromised' ? { ...mine, revocation } : theirs);
  }
});

test('nobody is trusted where nobody was named', () => {
  expect(resolveTrustedKeys([], []).size).toBe(0);
});

test('bare keys are trusted without an authority, an organisation or a name', () => {
  const material = trustBareKeys([alice.publicKey, bob.publicKey, alice.publicKey]);
  expect(material).toMatchObject({ authority: null, organisation: null, signatures: [] });
  expect([...material.keys.keys()]).toEqual([alice.fingerprint, bob.fingerprint]);
  expect(material.keys.get(alice.fingerprint)).toEqual({ ...alice.trusted, name: null, owners: [] });
});
