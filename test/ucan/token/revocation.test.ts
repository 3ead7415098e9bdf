import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../../src/bytes.ts';
import { malleateEcdsa } from '../../../src/crypto/ecdsa.ts';
import {
  cidsOf,
  decodeDelegation,
  decodeInvocation,
  formatCid,
  isSignatureValid,
  limits,
  readRevocation,
  revokeCommand,
  signRevocation,
  validateInvocation,
} from '../../../src/ucan/index.ts';
import { map, type Raw } from '../../support/cbor.ts';
import { expectCode } from '../../support/codes.ts';
import { contextOf, delegate, invoke, keyTypes, principal, rawInvocation, resign } from '../../support/ucan.ts';

const [alice, bob, carol] = await Promise.all([principal('alice'), principal('bob'), principal('carol')]);
const first = await delegate(alice, bob);
const second = await delegate(bob, carol, { subject: alice.did });

test('a revocation is an invocation of /ucan/revoke by the revoker about itself, without nonce and end', async () => {
  const invocation = await signRevocation(alice, { target: first.cid });
  expect(invocation).toMatchObject({
    command: '/ucan/revoke',
    issuer: alice.did,
    subject: alice.did,
    nonce: new Uint8Array(0),
    expiration: null,
    proofs: [],
  });
  expect(Object.keys(invocation.args)).toEqual(['revoke']);
  expect(invocation).not.toHaveProperty('audience');
  expect(revokeCommand).toBe('/ucan/revoke');
  await validateInvocation(invocation, contextOf([]));
});

test('a revocation is read back as it was made', async () => {
  const path = [first.cid, second.cid];
  const made = await signRevocation(alice, {
    target: second.cid,
    path,
    audience: bob.did,
    reason: 'lost',
    version: '1.0.0',
  });
  const read = readRevocation(decodeInvocation(made.bytes));
  expect(read).toMatchObject({ target: second.cid, path, revokedBy: alice.did, reason: 'lost' });
  expect(read.invocation).toMatchObject({ audience: bob.did, version: '1.0.0' });
});

test('the same revocation made twice is the very same token', async () => {
  const [one, two] = [
    await signRevocation(alice, { target: first.cid }),
    await signRevocation(alice, { target: first.cid }),
  ];
  expect(formatCid(one.cid)).toBe(formatCid(two.cid));
});

test('a delegate of /ucan/revoke may revoke as another', async () => {
  const proof = await delegate(alice, carol, { command: '/ucan/revoke' });
  const made = await signRevocation(carol, { target: first.cid, subject: alice.did, proofs: [proof.cid] });
  expect(readRevocation(made).revokedBy).toBe(alice.did);
  await validateInvocation(made, contextOf([proof]));
  const other = await delegate(alice, carol, { command: '/ucan/assert' });
  const wrong = await signRevocation(carol, { target: first.cid, subject: alice.did, proofs: [other.cid] });
  await expectCode('command_not_covered', () => validateInvocation(wrong, contextOf([other])));
});

describe('no revocation is', () => {
  test.each<[string, Readonly<Record<string, Raw>>]>([
    ['without a target', {}],
    ['of null', { revoke: null }],
    ['of a text', { revoke: formatCid(first.cid) }],
    ['of bytes', { revoke: first.cid.bytes }],
    ['of a list', { revoke: [first.cid] }],
    ['with a path of null', { revoke: first.cid, path: null }],
    ['with a path that is a link', { revoke: first.cid, path: first.cid }],
    ['with a path of text', { revoke: first.cid, path: [formatCid(first.cid)] }],
    ['with a path of 65', { revoke: first.cid, path: Array(limits.chainLength + 1).fill(first.cid) }],
    ['with an argument that is not known', { revoke: first.cid, reason: 'lost' }],
    ['with an argument in upper case', { revoke: first.cid, Path: [] }],
    ['with an argument of JavaScript', { revoke: first.cid, constructor: 1 }],
  ])('one %s', async (_, args) => {
    const invocation = decodeInvocation(await rawInvocation(alice, { cmd: '/ucan/revoke', args: map(args) }));
    await expectCode('malformed_token', () => readRevocation(invocation));
  });

  test.each(['/ucan', '/ucan/revoke/all', '/ucan/revoked', '/revoke'])('one of the command %s', async (command) => {
    const invocation = await invoke(alice, alice, [], { command, args: { revoke: first.cid } });
    expect((await expectCode('malformed_token', () => readRevocation(invocation))).details).toMatchObject({
      field: 'cmd',
    });
  });
});

test('an empty path counts as absent, and so does a reason that is no text', async () => {
  const args = map({ revoke: first.cid, path: [] });
  const changes = { cmd: '/ucan/revoke', args, meta: map({ reason: 1 }) };
  const read = readRevocation(decodeInvocation(await rawInvocation(alice, changes)));
  expect(read.path).toEqual([]);
  expect(read).not.toHaveProperty('reason');
});

test('a reason is cut where it is too long, and stays well-formed', async () => {
  const long = `${'a'.repeat(1023)}${'𝒳'.repeat(10)}`;
  const { reason = '' } = readRevocation(await signRevocation(alice, { target: first.cid, reason: long }));
  expect(reason.length).toBeLessThanOrEqual(1024);
  expect(reason.isWellFormed()).toBe(true);
});

describe('every CID under which a delegation can be known:', () => {
  test('one for Ed25519', async () => {
    expect(cidsOf(first)).toEqual([first.cid]);
  });

  test.each(['p256', 'secp256k1'] as const)('two for %s, the same two from either twin', async (keyType) => {
    const delegation = await delegate(await principal('ecdsa', keyType), bob);
    const twin = decodeDelegation(resign(delegation, malleateEcdsa(keyType, delegation.envelope.signature)));
    expect(await isSignatureValid(twin)).toBe(true);
    expect(cidsOf(delegation).map(formatCid)).toEqual([delegation.cid, twin.cid].map(formatCid));
    expect(cidsOf(twin).map(formatCid)).toEqual([twin.cid, delegation.cid].map(formatCid));
  });

  test.each(keyTypes)('one for a signature of %s of another length', async (keyType) => {
    const delegation = await delegate(await principal('ecdsa', keyType), bob);
    const longer = concatBytes(delegation.envelope.signature, Uint8Array.of(0));
    for (const signature of [longer, new Uint8Array(0)]) {
      const other = decodeDelegation(resign(delegation, signature));
      expect(cidsOf(other)).toEqual([other.cid]);
    }
  });

  test.each(['p256', 'secp256k1'] as const)('a hostile signature of %s is only another CID', async (keyType) => {
    const delegation = await delegate(await principal('ecdsa', keyType), bob);
    for (const signature of [new Uint8Array(64), new Uint8Array(64).fill(0xff)]) {
      expect(cidsOf(decodeDelegation(resign(delegation, signature)))).toHaveLength(2);
    }
  });
});
