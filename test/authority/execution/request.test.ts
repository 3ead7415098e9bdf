import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeRequest } from '../../../src/authority/execution/request.ts';
import { openRequestBudget } from '../../../src/authority/execution/request-budget.ts';
import { Budget } from '../../../src/budget.ts';
import { formatCid } from '../../../src/ucan/encoding/cid.ts';
import { type Delegation, DelegationCache, encodeContainer, type Invocation } from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import { chainOf, delegate, invoke, principals } from '../../support/ucan.ts';

const [alice, bob] = await principals('alice', 'bob');
if (alice === undefined || bob === undefined) throw new TypeError('nobody is there');
const known = new DelegationCache();

const pack = (tokens: readonly (Delegation | Invocation)[], encoding: 'raw' | 'raw-gzip' = 'raw') =>
  encodeContainer(
    tokens.map(({ bytes }) => bytes),
    encoding,
  );
const heavy = (index: number) => ({ list: [index, ...Array.from({ length: 9_000 }, () => new Uint8Array(0))] });

describe('of the delegations beside an invocation', () => {
  test('those that it does not name are not read, however many values they hold', async () => {
    const proof = await delegate(alice, bob);
    const others = await Promise.all(Array.from({ length: 40 }, (_, i) => delegate(alice, bob, { meta: heavy(i) })));
    const budget = new Budget({ values: 1000 });
    const request = await decodeRequest(
      await pack([...others, proof, await invoke(bob, alice, [proof])]),
      known,
      budget,
    );
    expect(request.given.map(({ cid }) => formatCid(cid))).toEqual([formatCid(proof.cid)]);
    expect(budget.spentOn('values')).toBeLessThan(200);
  });

  test('none is read before somebody asks for them, and then each once', async () => {
    const proof = await delegate(alice, bob, { meta: heavy(0) });
    const budget = openRequestBudget();
    const request = await decodeRequest(await pack([proof, await invoke(bob, alice, [proof])]), known, budget);
    expect(budget.spentOn('values')).toBeLessThan(100);
    expect(request.given).toHaveLength(1);
    const spent = budget.spentOn('values');
    expect(spent).toBeGreaterThan(18_000);
    expect(request.given).toHaveLength(1);
    expect(budget.spentOn('values')).toBe(spent);
  });

  test('those that are named in arguments are read, and a proof that is named often is read once', async () => {
    const [one, two] = [await delegate(alice, bob), await delegate(alice, bob)];
    const invocation = await invoke(
      bob,
      alice,
      Array.from({ length: 64 }, () => one),
      {
        args: { deep: [{ link: two.cid }] },
      },
    );
    const { given } = await decodeRequest(await pack([one, two, invocation]), known);
    expect(given).toHaveLength(2);
  });

  test('named ones together may hold so many values, and no more', async () => {
    const proofs = await Promise.all([0, 1].map((i) => delegate(alice, bob, { meta: heavy(i) })));
    const request = await decodeRequest(await pack([...proofs, await invoke(bob, alice, proofs)]), known);
    await expectCode('too_large', () => request.given);
  });
});

test('a container unzips to some times what was sent, and no further', async () => {
  const hostile = readFileSync(new URL('../../vectors/hostile/values.ctn', import.meta.url));
  const budget = openRequestBudget(hostile.length);
  await expectCode('too_large', () => decodeRequest(hostile, known, budget));
  expect(budget.spentOn('values')).toBe(0);
});

test('a container that says to unzip to less than it does is held to the same', async () => {
  const zipped = gzipSync(new Uint8Array(2_000_000));
  zipped.writeUInt32LE(10, zipped.length - 4);
  const container = Buffer.concat([Buffer.of(0x4d), zipped]);
  const budget = openRequestBudget(container.length);
  await expectCode('too_large', () => decodeRequest(container, known, budget));
  expect(budget.spentOn('held_bytes')).toBeLessThan(512 * 1024);
});

test('arguments hold so many values, and no more', async () => {
  for (const [length, isTooMany] of [
    [10_000, false],
    [40_000, true],
  ] as const) {
    const container = await pack([await invoke(alice, alice, [], { args: { list: new Array(length).fill(1) } })]);
    const decode = () => decodeRequest(container, known);
    if (isTooMany) await expectCode('too_large', decode);
    else expect((await decode()).invocation.args['list']).toHaveLength(length);
  }
});

describe('an honest request passes', () => {
  test('a chain of 64 links, each with a policy, zipped or not', async () => {
    const { invocation, delegations } = await chainOf(64, () => ({ policy: [['==', '.name', 'plugin.wasm']] }), {
      args: { name: 'plugin.wasm' },
    });
    for (const encoding of ['raw', 'raw-gzip'] as const) {
      const request = await decodeRequest(await pack([...delegations, invocation], encoding), known);
      expect(request.given).toHaveLength(64);
    }
  });

  test('255 delegations to store', async () => {
    const delegations = await Promise.all(Array.from({ length: 255 }, () => delegate(alice, bob)));
    const invocation = await invoke(alice, alice, [], { args: { delegations: delegations.map(({ cid }) => cid) } });
    for (const encoding of ['raw', 'raw-gzip'] as const) {
      expect((await decodeRequest(await pack([...delegations, invocation], encoding), known)).given).toHaveLength(255);
    }
  });

  test('a policy of 256 statements', async () => {
    const policy = Array.from({ length: 256 }, (_, i) => ['!=', `.field${i}?`, `value ${i}`]);
    const proof = await delegate(alice, bob, { policy });
    for (const encoding of ['raw', 'raw-gzip'] as const) {
      const request = await decodeRequest(await pack([proof, await invoke(bob, alice, [proof])], encoding), known);
      expect(request.given).toHaveLength(1);
    }
  });
});
