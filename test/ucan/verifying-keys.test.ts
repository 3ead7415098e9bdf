import { describe, expect, test } from 'vitest';
import { Budget } from '../../src/budget.ts';
import { malleateEcdsa } from '../../src/crypto/ecdsa.ts';
import { encodeDidKey } from '../../src/did/did-key.ts';
import {
  cidsOf,
  type Delegation,
  decodeDelegation,
  decodeEnvelope,
  decodeInvocation,
  formatCid,
  isSignatureValid,
  validateInvocation,
  verifyToken,
} from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import {
  contextOf,
  delegate,
  delegationFields,
  invocationFields,
  invoke,
  later,
  principal,
  resign,
  revocationsOf,
  signRaw,
} from '../support/ucan.ts';
import { flipBit, fromHex } from '../support/vectors.ts';
import { createVerifyingPrincipals, type VerifyingPrincipal } from '../support/verifying-keys.ts';

const [alice, bob] = [await principal('alice'), await principal('bob', 'p256')];
const all = createVerifyingPrincipals();

async function delegateBy(
  issuer: VerifyingPrincipal,
  audience: { readonly did: string },
  changes: Readonly<Record<string, string>> = {},
): Promise<Delegation> {
  const fields = { ...delegationFields(issuer.did, audience.did), ...changes };
  return decodeDelegation(await signRaw({ ...issuer, keyType: 'ed25519' }, fields, { header: issuer.header }));
}

describe.each(all)('a key of $name', (carol) => {
  test('verifies a delegation of its issuer, and no altered one', async () => {
    const delegation = await delegateBy(carol, alice);
    expect(delegation.envelope.keyType).toBe(carol.publicKey.type);
    expect(await isSignatureValid(delegation)).toBe(true);
    const { signature } = delegation.envelope;
    for (const bit of [0, 9, 8 * signature.length - 1]) {
      const other = decodeDelegation(resign(delegation, flipBit(signature, bit)));
      expect(await isSignatureValid(other)).toBe(false);
      await expectCode('invalid_token_signature', () => verifyToken(other));
    }
  });

  test('is a subject, an issuer and an audience in a chain', async () => {
    const root = await delegateBy(carol, alice, { cmd: '/package' });
    const link = await delegate(alice, bob, { subject: carol.did, command: '/package/sign' });
    const invocation = await invoke(bob, carol, [root, link]);
    const proven = await validateInvocation(invocation, contextOf([root, link]));
    expect(proven).toBeDefined();

    const toCarol = await delegate(alice, carol, { command: '/package' });
    const fields = {
      ...invocationFields(carol.did),
      sub: alice.did,
      cmd: '/package/sign',
      prf: [toCarol.cid],
      exp: later,
    };
    const tag = 'ucan/inv@1.0.0-rc.1';
    const signed = await signRaw({ ...carol, keyType: 'ed25519' }, fields, { tag, header: carol.header });
    expect(await validateInvocation(decodeInvocation(signed), contextOf([toCarol]))).toBeDefined();
  });

  test('verifies nothing under the header of another kind', async () => {
    for (const other of all.filter((each) => each !== carol)) {
      const fields = delegationFields(carol.did, alice.did);
      const bytes = signRaw({ ...carol, keyType: 'ed25519' }, fields, { header: other.header });
      // Where the header tells a length, it must be that of the signature.
      if (other.publicKey.type === 'rsa') await expectCode('malformed_token', async () => decodeEnvelope(await bytes));
      else expect(await isSignatureValid(decodeDelegation(await bytes))).toBe(false);
    }
  });

  test('verifies nothing that somebody else signs in its name', async () => {
    const fields = delegationFields(carol.did, alice.did);
    expect(await isSignatureValid(decodeDelegation(await signRaw(alice, fields)))).toBe(false);
    const other = createVerifyingPrincipals().find(({ name }) => name === carol.name);
    if (other === undefined) throw new TypeError('there is one of each kind');
    const forged = await signRaw({ ...other, keyType: 'ed25519' }, fields, { header: carol.header });
    expect(await isSignatureValid(decodeDelegation(forged))).toBe(false);
  });
});

describe.each(all.filter(({ publicKey }) => publicKey.type !== 'rsa'))('a token by a key of $name', (carol) => {
  const curve = carol.publicKey.type as 'p384' | 'p521';

  test('draws as many signatures of a budget as it takes the time of', async () => {
    const budget = new Budget();
    expect(await isSignatureValid(await delegateBy(carol, alice), undefined, budget)).toBe(true);
    expect(budget.spentOn('signatures')).toBe(curve === 'p521' ? 20 : 10);
  });

  test('has two CIDs, the same two from either twin', async () => {
    const delegation = await delegateBy(carol, alice);
    const twin = decodeDelegation(resign(delegation, malleateEcdsa(curve, delegation.envelope.signature)));
    expect(await isSignatureValid(twin)).toBe(true);
    expect(cidsOf(delegation).map(formatCid)).toEqual([delegation.cid, twin.cid].map(formatCid));
    expect(cidsOf(twin).map(formatCid)).toEqual([twin.cid, delegation.cid].map(formatCid));
  });

  test('is revoked by either of its CIDs', async () => {
    const delegation = await delegateBy(carol, alice);
    const twin = decodeDelegation(resign(delegation, malleateEcdsa(curve, delegation.envelope.signature)));
    for (const used of [delegation, twin]) {
      const invocation = await invoke(alice, carol, [used]);
      for (const revoked of [delegation, twin]) {
        const context = contextOf([used], { revocationsOf: revocationsOf([revoked.cid, carol.did]) });
        await expectCode('token_revoked', () => validateInvocation(invocation, context));
      }
    }
  });
});

describe.each(all.filter(({ publicKey }) => publicKey.type === 'rsa'))('a token by a key of $name', (carol) => {
  test('has one CID', async () => {
    const delegation = await delegateBy(carol, alice);
    expect(cidsOf(delegation)).toEqual([delegation.cid]);
  });

  test.each(['3401852412800271', '3401852412800371', '3401852412800471', '3401852412ff0271'])(
    'under the header %s is malformed, unless it is that of its length',
    async (hex) => {
      const fields = delegationFields(carol.did, alice.did);
      const bytes = await signRaw({ ...carol, keyType: 'ed25519' }, fields, { header: fromHex(hex) });
      if (Buffer.from(carol.header).toString('hex') === hex) expect(decodeEnvelope(bytes).keyType).toBe('rsa');
      else await expectCode('malformed_token', () => decodeEnvelope(bytes));
    },
  );
});

test('every kind has another did:key', () => {
  expect(new Set(all.map(({ publicKey }) => encodeDidKey(publicKey))).size).toBe(all.length);
});
