import { describe, expect, test } from 'vitest';
import {
  decodeInvocation,
  formatCid,
  ipldMap,
  readReceipt,
  readRevocation,
  receiptCommand,
  signReceipt,
  signRevocation,
  toIpld,
  validateInvocation,
} from '../../../src/ucan/index.ts';
import { map, type Raw } from '../../support/cbor.ts';
import { expectCode } from '../../support/codes.ts';
import { contextOf, invoke, keyTypes, now, principal, rawInvocation } from '../../support/ucan.ts';

const [alice, bob] = await Promise.all([principal('alice'), principal('bob')]);
const ran = (await invoke(alice, alice)).cid;

test('a receipt is an invocation of /ucan/assert/receipt by the executor about itself, to nobody', async () => {
  const made = await signReceipt(alice, { ran, out: { ok: { a: 1 } }, issuedAt: now });
  expect(made).toMatchObject({
    command: '/ucan/assert/receipt',
    issuer: alice.did,
    subject: alice.did,
    issuedAt: now,
    expiration: null,
    nonce: new Uint8Array(0),
    proofs: [],
  });
  expect(made).not.toHaveProperty('audience');
  expect(receiptCommand).toBe('/ucan/assert/receipt');
  await validateInvocation(made, contextOf([]));
});

describe.each(keyTypes)('by an executor with a key of %s,', (keyType) => {
  test.each<[string, object]>([
    ['a value', { ok: { hash: 'abc', list: [1, 2.5, null], bytes: Uint8Array.of(1) } }],
    ['nothing', { ok: null }],
    ['false', { ok: false }],
    ['an empty list', { ok: [] }],
    ['an error', { error: { code: 'not_found', message: 'No such key.' } }],
  ])('a receipt of %s is read back as it was made', async (_, out) => {
    const executor = await principal('executor', keyType);
    const made = await signReceipt(executor, { ran, out: out as never, version: '1.0.0' });
    const read = readReceipt(decodeInvocation(made.bytes));
    expect(read.executor).toBe(executor.did);
    expect(formatCid(read.ran)).toBe(formatCid(ran));
    expect(toIpld(read.out)).toEqual(toIpld(out));
  });
});

describe('no receipt is', () => {
  const error = (fields: Readonly<Record<string, Raw>>): Raw => map({ error: map(fields) });

  test.each<[string, Readonly<Record<string, Raw>>]>([
    ['without arguments', {}],
    ['without what was run', { out: map({ ok: 1 }) }],
    ['without an outcome', { ran }],
    ['of a text as what was run', { ran: formatCid(ran), out: map({ ok: 1 }) }],
    ['with a third argument', { ran, out: map({ ok: 1 }), meta: 1 }],
    ['with an argument of another name', { ran, out2: map({ ok: 1 }) }],
    ['with an outcome of null', { ran, out: null }],
    ['with an outcome that is a list', { ran, out: [1] }],
    ['with an empty outcome', { ran, out: map({}) }],
    ['with both outcomes', { ran, out: map({ ok: 1, error: map({ code: 'a', message: 'b' }) }) }],
    ['with an outcome of another name', { ran, out: map({ OK: 1 }) }],
    ['with an outcome of JavaScript', { ran, out: map({ constructor: 1 }) }],
    ['with an error of text', { ran, out: map({ error: 'not_found' }) }],
    ['with an error without a code', { ran, out: error({ message: 'a' }) }],
    ['with an error without a message', { ran, out: error({ code: 'a' }) }],
    ['with an error whose code is a number', { ran, out: error({ code: 1, message: 'a' }) }],
    ['with an error with something else', { ran, out: error({ code: 'a', message: 'b', stack: 'c' }) }],
  ])('one %s', async (_, args) => {
    const invocation = decodeInvocation(await rawInvocation(alice, { cmd: receiptCommand, args: map(args) }));
    await expectCode('malformed_token', () => readReceipt(invocation));
  });

  test('one about another executor, or to somebody', async () => {
    const args = ipldMap([
      ['ran', ran],
      ['out', ipldMap([['ok', 1]])],
    ]);
    const about = await invoke(alice, bob, [], { command: receiptCommand, args });
    expect((await expectCode('malformed_token', () => readReceipt(about))).details).toMatchObject({ field: 'sub' });
    const to = await invoke(alice, alice, [], { command: receiptCommand, args, audience: alice.did });
    expect((await expectCode('malformed_token', () => readReceipt(to))).details).toMatchObject({ field: 'aud' });
  });

  test('a revocation, nor is a receipt one', async () => {
    await expectCode('malformed_token', async () => readReceipt(await signRevocation(alice, { target: ran })));
    await expectCode('malformed_token', async () => readRevocation(await signReceipt(alice, { ran, out: { ok: 1 } })));
  });
});

test.each<[string, unknown]>([
  ['undefined', { ok: undefined }],
  ['a function', { ok: () => 1 }],
  ['an invalid number', { ok: Number.NaN }],
])('an outcome of %s cannot be asserted', async (_, out) => {
  await expectCode('bad_input', () => signReceipt(alice, { ran, out: out as never }));
});
