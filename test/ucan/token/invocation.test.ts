import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeCid, decodeInvocation, encodeDagCbor, formatCid, ipldMap, taskCidOf } from '../../../src/ucan/index.ts';
import { float, map } from '../../support/cbor.ts';
import { delegate, invoke, later, principal, rawInvocation } from '../../support/ucan.ts';
import { ipldMaps } from '../values.ts';

const alice = await principal('alice');
const bob = await principal('bob');

test('an invocation of any arguments is read back as it was made', async () => {
  const proof = await delegate(alice, bob);
  await fc.assert(
    fc.asyncProperty(ipldMaps, ipldMaps, async (args, meta) => {
      const made = await invoke(bob, alice, [proof], {
        args,
        meta,
        audience: alice.did,
        issuedAt: 1,
        cause: proof.cid,
      });
      const read = decodeInvocation(made.bytes);
      expect(read.args).toEqual(args);
      expect(read).toMatchObject({
        issuer: bob.did,
        subject: alice.did,
        audience: alice.did,
        command: '/package/sign',
        expiration: later,
        issuedAt: 1,
      });
      expect(read.meta).toEqual(meta);
      expect(read.cause?.equals(proof.cid)).toBe(true);
      expect(read.proofs.map(formatCid)).toEqual([formatCid(proof.cid)]);
      expect(read.cid.equals(made.cid)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('a task is {sub, cmd, args, nonce}, with any issuer, proofs and expiry', async () => {
  const claims = { args: { name: 'a', size: 1.5 }, nonce: Uint8Array.of(1) };
  const one = await invoke(alice, alice, [], claims);
  const two = await invoke(bob, alice, [await delegate(alice, bob)], { ...claims, expiration: null, issuedAt: 5 });
  const task = ipldMap([
    ['sub', alice.did],
    ['cmd', '/package/sign'],
    ['args', one.args],
    ['nonce', one.nonce],
  ]);
  expect(formatCid(taskCidOf(one))).toBe(formatCid(computeCid(encodeDagCbor(task))));
  expect(formatCid(taskCidOf(two))).toBe(formatCid(taskCidOf(one)));
});

test('a task of other arguments, subject, command or nonce is another', async () => {
  const base = { args: { a: 1 }, nonce: Uint8Array.of(1) };
  const tasks = await Promise.all([
    invoke(alice, alice, [], base),
    invoke(alice, bob, [], base),
    invoke(alice, alice, [], { ...base, command: '/package' }),
    invoke(alice, alice, [], { ...base, args: { a: 2 } }),
    invoke(alice, alice, [], { ...base, nonce: Uint8Array.of(2) }),
  ]);
  expect(new Set(tasks.map((each) => formatCid(taskCidOf(each)))).size).toBe(tasks.length);
});

test('a task is named by the bytes that came, in which 1.0 is not 1', async () => {
  const task = async (n: ReturnType<typeof float> | number) =>
    formatCid(taskCidOf(decodeInvocation(await rawInvocation(alice, { args: map({ n }) }))));
  expect(await task(float(1))).not.toBe(await task(1));
});
