import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findCommand } from '../../../src/authority/commands/list.ts';
import { execute } from '../../../src/authority/execution/execute.ts';
import type { Request } from '../../../src/authority/execution/request.ts';
import { resultOf } from '../../../src/authority/execution/result-of.ts';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  openSigner,
  revokeKey,
} from '../../../src/authority/index.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { formatCid } from '../../../src/ucan/encoding/cid.ts';
import { decodeInvocation, encodeContainer, signReceipt } from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import {
  type Ask,
  ask,
  askBy,
  type Door,
  interrupt,
  openDoor,
  openUnlockedBeside,
  packageHash,
  send,
} from '../../support/door.ts';
import { engines } from '../../support/engines.ts';
import { dumpTables } from '../../support/tables.ts';
import { revoke, store } from '../../support/tokens.ts';
import { delegate, invoke, now, type Principal, principal, resign } from '../../support/ucan.ts';
import { flipBit } from '../../support/vectors.ts';

const quarter = 900;

describe.each(engines)('$name', (engine) => {
  let door: Door;
  let two: Authority;
  let eve: Principal;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    two = await openUnlockedBeside(door);
    eve = await principal('eve');
    await door.authority.execute(createOrganisation, { name: 'globex' });
  });

  beforeEach(() => {
    door.time = now;
    door.events.length = 0;
  });

  afterAll(async () => {
    await two.close();
    await door.authority.close();
  });

  async function expectNothing(code: ErrorCode, act: () => Promise<unknown>): Promise<void> {
    const before = await dumpTables(door.url);
    await expectCode(code, act);
    expect(await dumpTables(door.url)).toEqual(before);
  }

  const expectDone = async (request: Request) =>
    expect(await send(door, request)).toMatchObject({ kind: 'receipt', isReplay: false });

  describe('nothing at all is left of a container that holds', () => {
    const sendAll = async (tokens: readonly { readonly bytes: Uint8Array }[]) =>
      door.authority.executeContainer(
        await encodeContainer(
          tokens.map(({ bytes }) => bytes),
          'base64',
        ),
      );

    test('no invocation', () => expectNothing('bad_input', () => sendAll([door.root])));
    test('no token', () => expectNothing('bad_input', () => sendAll([])));

    test('two invocations', async () => {
      const [one, other] = [await ask(door), await ask(door)];
      await expectNothing('bad_input', () => sendAll([one.invocation, other.invocation, door.root]));
    });

    test('a receipt', async () => {
      const { invocation } = await ask(door);
      const self = await openSigner(door.authority, 'authority');
      const receipt = await signReceipt(self, { ran: invocation.cid, out: { ok: {} } });
      await expectNothing('bad_input', () => sendAll([receipt]));
      await expectNothing('not_found', () => door.authority.executeRequest({ invocation: receipt, given: [] }));
      await expectNothing('bad_input', () => sendAll([receipt, invocation]));
    });

    test.each([
      ['nothing', new Uint8Array(0)],
      ['text', new TextEncoder().encode('hello')],
      ['half a token', new Uint8Array([0x40, 0xa1])],
    ])('%s', (_, bytes) => expectNothing('malformed_token', () => door.authority.executeContainer(bytes)));
  });

  describe('nothing at all is left of a request', () => {
    const web = 'did:web:example.org';
    const requests: [string, ErrorCode, () => Promise<Request>][] = [
      ['for another audience', 'audience_mismatch', () => ask(door, { audience: eve.did })],
      ['for the organisation as its audience', 'audience_mismatch', () => ask(door, { audience: door.acme.did })],
      ['on somebody who is not hosted here', 'subject_mismatch', () => ask(door, { by: eve, on: eve, with: [] })],
      ['on the authority where an organisation is asked for', 'subject_mismatch', () => onAuthority('/key/create')],
      ['on an organisation where the authority is asked for', 'subject_mismatch', () => onAcme('/org/create')],
      ['on a DID of another method', 'subject_mismatch', () => ask(door, { on: { did: web } })],
      ['that expired', 'token_expired', () => ask(door, { expiration: now - 1 })],
      ['that is not valid yet', 'token_not_yet_valid', () => askBy(door, { notBefore: now + 1 })],
      ['that lives longer than a quarter of an hour', 'invalid_claim', () => ask(door, { expiration: now + 901 })],
      ['that does not expire', 'invalid_claim', () => ask(door, { expiration: null })],
      ['by a proof that expired', 'token_expired', () => askBy(door, { expiration: now - 1 })],
      ['by a proof that somebody else was given', 'audience_mismatch', () => ask(door, { by: eve })],
      ['by no proof', 'invalid_claim', () => ask(door, { with: [] })],
      ['by a proof that is not there', 'proof_unavailable', async () => ({ ...(await ask(door)), given: [] })],
      ['by a proof of another organisation', 'subject_mismatch', () => byGlobex()],
      ['that breaks a policy', 'policy_violation', () => askBy(door, { policy: [['==', '.name', 'a.wasm']] })],
      ['for a command that is not covered', 'command_not_covered', () => askBy(door, { command: '/package/sign/x' })],
      ['for a command beside', 'command_not_covered', () => askBy(door, { command: '/pack' })],
      ['for an unknown command', 'not_found', () => askBy(door, {}, { command: '/package/sing' })],
      ['for a group of commands', 'not_found', () => askBy(door, {}, { command: '/package' })],
      ['for an act of the authority alone', 'not_found', () => onAuthority('/slot/replace')],
      ['that nobody signed', 'invalid_token_signature', () => forged()],
      [
        'with an argument too many',
        'bad_input',
        () => askArgs({ hash: packageHash, name: 'a', key: 'b', force: true }),
      ],
      ['with an argument too few', 'bad_input', () => askArgs({ hash: packageHash, name: 'plugin.wasm' })],
      ['with an argument of another form', 'bad_input', () => askArgs({ hash: 'AB', name: 'a', key: 'release' })],
      ['with no arguments', 'bad_input', () => askArgs({})],
    ];

    test('by who has no power, alike whether its subject is hosted here or not', async () => {
      const told: unknown[] = [];
      for (const on of [door.acme, await principal('nobody')]) {
        const request = await ask(door, { by: eve, on, with: [] });
        const { code, message, details } = await expectCode('invalid_claim', () => send(door, request));
        const text = JSON.stringify({ code, message, details });
        told.push(text.replaceAll(on.did, 'SUBJECT').replaceAll(formatCid(request.invocation.cid), 'CID'));
      }
      expect(told[0]).toBe(told[1]);
    });

    test.each(requests)('%s: %s', async (_, code, make) => {
      const request = await make();
      await expectNothing(code, () => send(door, request));
      await expectNothing(code, () => two.executeRequest(request));
    });

    test('by a proof that was revoked', async () => {
      const request = await askBy(door, {});
      const [proof] = request.given;
      if (proof) await revoke(door.authority, door.acme, proof, {}, [proof]);
      await expectNothing('token_revoked', () => send(door, request));
      await expectNothing('token_revoked', () => two.executeRequest(request));
    });

    test('by a key that is trusted for packages here', async () => {
      const vendor = await principal('a vendor');
      const public_key = Buffer.from(vendor.publicKey.bytes).toString('hex');
      await door.authority.executeFor('acme', addTrust, { public_key });
      const chain = [await delegate(door.acme, vendor)];
      const request = await ask(door, { by: vendor, with: chain });
      await expectNothing('bad_input', () => send(door, request));
    });

    const askArgs = (args: object) => askBy(door, {}, { args });
    const onAcme = async (command: string) => askBy(door, { command: '/' }, { command, args: { name: 'x' } });
    const onAuthority = async (command: string) => {
      const self = await openSigner(door.authority, 'authority');
      return ask(door, { on: self, with: [await delegate(self, door.ci)], command, args: { name: 'x' } });
    };
    const byGlobex = async () => {
      const globex = await openSigner(door.authority, { organisation: 'globex' });
      return ask(door, { with: [await delegate(globex, door.ci)] });
    };
    const forged = async () => {
      const { invocation, given } = await ask(door);
      return { invocation: decodeInvocation(resign(invocation, flipBit(invocation.envelope.signature, 7))), given };
    };
  });

  test('the power to sign packages does not cover bare hashes, which has a name of its own', async () => {
    const claims: Ask = { command: '/package/sign-hash', args: { hash: packageHash, key: 'release' } };
    const signs = await askBy(door, { command: '/package/sign' }, claims);
    await expectNothing('command_not_covered', () => send(door, signs));
    const answer = await send(door, await askBy(door, { command: '/package/sign-hash' }, claims));
    // It is authorised; that hash signatures are off is the handler's refusal.
    expect((await expectCode('bad_input', () => resultOf(answer))).details).toEqual({
      reason: 'hash signatures are off',
      remedy: 'allow_hash_signatures',
    });
    const hashes = await askBy(door, { command: '/package/sign-hash' });
    await expectNothing('command_not_covered', () => send(door, hashes));
  });

  describe('to the second', () => {
    test('an invocation may live for a quarter of an hour from the present on, and no longer', async () => {
      const [fits, long] = [
        await ask(door, { expiration: now + quarter }),
        await ask(door, { expiration: now + quarter + 1 }),
      ];
      await expectNothing('invalid_claim', () => send(door, long));
      await expectDone(fits);
      door.time = now + 1;
      await expectDone(long);
    });

    test('it is valid at the moment of its expiry, and not after', async () => {
      const [tie, late] = [await ask(door, { expiration: now }), await ask(door, { expiration: now })];
      await expectDone(tie);
      door.time = now + 0.999;
      await expectDone(await ask(door, { expiration: now }));
      door.time = now + 1;
      await expectNothing('token_expired', () => send(door, late));
    });

    test('so is a proof, at its end and its beginning', async () => {
      await expectDone(await askBy(door, { expiration: now, notBefore: now }));
      await expectNothing('token_not_yet_valid', async () => send(door, await askBy(door, { notBefore: now + 1 })));
    });

    test('a revocation lives as long as it likes', async () => {
      const target = await delegate(eve, door.ci);
      await store(door.authority, target, await delegate(door.acme, eve));
      const args = { revoke: target.cid };
      const invocation = await invoke(eve, eve, [], { command: '/ucan/revoke', args, expiration: now + 100_000 });
      await expectDone({ invocation, given: [] });
    });
  });

  describe('between the authorisation and the lock', () => {
    const command = findCommand('/package/sign');

    async function executeAfter(request: Request, meanwhile: () => Promise<unknown>) {
      if (command === undefined) throw new TypeError('there is no such command');
      return execute(interrupt(door.authority, meanwhile), command, request);
    }

    test('a revocation by somebody else is seen, and nothing but that is left', async () => {
      const request = await askBy(door, {});
      let between: unknown;
      const [proof] = request.given;
      await expectCode('token_revoked', () =>
        executeAfter(request, async () => {
          if (proof) await revoke(two, door.acme, proof, {}, [proof]);
          between = await dumpTables(door.url);
        }),
      );
      expect(await dumpTables(door.url)).toEqual(between);
    });

    test('a revocation that has nothing to do with it changes nothing', async () => {
      const other = await delegate(door.acme, eve);
      const request = await askBy(door, {});
      const answer = await executeAfter(request, () => revoke(two, door.acme, other, {}, [other]));
      expect(answer).toMatchObject({ kind: 'receipt', isReplay: false });
    });

    test('time goes by', async () => {
      const wait = async (seconds: number) => {
        door.time += seconds;
      };
      const request = await ask(door, { expiration: now + 10 });
      await expectNothing('token_expired', () => executeAfter(request, () => wait(11)));
      door.time = now;
      const proof = await askBy(door, { expiration: now + 10 });
      await expectNothing('token_expired', () => executeAfter(proof, () => wait(11)));
      door.time = now;
      expect(await executeAfter(request, () => wait(10))).toMatchObject({ isReplay: false });
    });

    test('a signing key that is revoked is refused by the handler, in a receipt', async () => {
      await door.authority.executeFor('acme', createKey, { name: 'short-lived' });
      const args = { hash: packageHash, name: 'plugin.wasm', key: 'short-lived' };
      // So that what was read of the key before would still be remembered.
      await expectDone(await ask(door, { args }));
      const answer = await executeAfter(await ask(door, { args }), () =>
        two.executeFor('acme', revokeKey, { name: 'short-lived' }),
      );
      expect(answer).toMatchObject({ kind: 'receipt', isReplay: false });
      await expectCode('key_revoked', () => resultOf(answer));
    });

    test('the same is executed elsewhere, and its receipt is the answer', async () => {
      const request = await ask(door);
      const answers: unknown[] = [];
      const answer = await executeAfter(request, async () => answers.push(await two.executeRequest(request)));
      expect([answers[0], answer]).toMatchObject([{ isReplay: false }, { isReplay: true }]);
    });

    test('other acts change nothing', async () => {
      const answer = await executeAfter(await ask(door), async () => two.executeRequest(await ask(door)));
      expect(answer).toMatchObject({ kind: 'receipt', isReplay: false });
    });
  });

  test('what another process has revoked is seen at once, whatever was read before', async () => {
    for (let round = 0; round < 5; round++) {
      const chain = [await delegate(door.acme, door.ci)];
      const [proof] = chain;
      await expectDone(await ask(door, { with: chain }));
      if (proof) await revoke(two, door.acme, proof, {}, chain);
      const request = await ask(door, { with: chain });
      await expectNothing('token_revoked', () => send(door, request));
    }
  });
});
