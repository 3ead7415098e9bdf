import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/authority/execution/execute.ts';
import type { Request } from '../../../src/authority/execution/request.ts';
import { resultOf } from '../../../src/authority/execution/result-of.ts';
import {
  type Authority,
  createKey,
  listKeys,
  openSigner,
  revokeTrust,
  signPackage,
} from '../../../src/authority/index.ts';
import { bindEffect } from '../../../src/log/effect.ts';
import { encodeLogEntry } from '../../../src/log/entry.ts';
import { treeHash } from '../../../src/log/merkle.ts';
import { listLogEffects, listLogEntries } from '../../../src/store/tables/log.ts';
import {
  containerEncodings,
  decodeDelegation,
  decodeInvocation,
  formatCid,
  payloadDigestOf,
  readReceipt,
  verifyToken,
} from '../../../src/ucan/index.ts';
import { byRawKey, query, queryOne } from '../../support/authority.ts';
import { ask, type Door, openDoor, openUnlockedBeside, pack, packageHash, send } from '../../support/door.ts';
import { engines } from '../../support/engines.ts';
import { dumpTables } from '../../support/tables.ts';
import { revoke, store, twinOf } from '../../support/tokens.ts';
import { delegate, keyTypes, now, principal, principals } from '../../support/ucan.ts';

type Receipted = Extract<Answer, { kind: 'receipt' }>;

describe.each(engines)('$name', (engine) => {
  let door: Door;
  let two: Authority;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    two = await openUnlockedBeside(door);
  });

  beforeEach(() => {
    door.time = now;
    door.events.length = 0;
  });

  afterAll(async () => {
    await two.close();
    await door.authority.close();
  });

  const countEntries = async () => Number((await queryOne(door.url, 'select size from log_head'))['size']);
  const execute = async (request: Request) => (await send(door, request)) as Receipted;
  const bytesOf = (answer: Answer) => (answer as Receipted).receipt.invocation.bytes;

  describe('what somebody may do by a delegated chain', () => {
    test('is done, and answered by a receipt that the authority signed', async () => {
      const { invocation, given } = await ask(door);
      const answer = await execute({ invocation, given });
      expect(answer).toMatchObject({ kind: 'receipt', isReplay: false });
      const receipt = readReceipt(await verifyToken(decodeInvocation(bytesOf(answer))));
      expect(receipt.executor).toBe(door.authority.identity.did);
      expect(receipt.ran.equals(invocation.cid)).toBe(true);
      expect(receipt.invocation.issuedAt).toBe(now);
      const result = signPackage.result.parse(resultOf(answer));
      expect(result).toMatchObject({ organisation: 'acme', key: 'release', signed_at: '2026-01-01T00:00:00.000Z' });
      const told = { organisation: 'acme', key: 'release', fingerprint: result.key_fingerprint };
      expect(door.events).toMatchObject([{ name: 'package.signed', details: { ...told, package_hash: packageHash } }]);
    });

    test('is written down: the invocation with its receipt, the receipt, and an entry of both', async () => {
      const size = await countEntries();
      const { invocation, given } = await ask(door);
      const { receipt } = await execute({ invocation, given });
      const rows = await query(
        door.url,
        'select cid, payload_digest, result_cid, iss, cmd, envelope from ucan_invocations order by id',
      );
      const row = (token: typeof invocation, resultCid: string | null) => ({
        cid: formatCid(token.cid),
        payload_digest: Buffer.from(payloadDigestOf(token.envelope)).toString('hex'),
        result_cid: resultCid,
        iss: token.issuer,
        cmd: token.command,
      });
      expect(rows.slice(-2)).toMatchObject([
        row(invocation, formatCid(receipt.invocation.cid)),
        row(receipt.invocation, null),
      ]);
      const envelopes = rows.slice(-2).map(({ envelope }) => new Uint8Array(envelope as Uint8Array));
      expect(envelopes).toEqual([invocation.bytes, receipt.invocation.bytes]);
      expect(await countEntries()).toBe(size + 1);
      const [entries, effects] = await door.authority.database.transact('read', async (transaction) => [
        await listLogEntries(transaction, size, 10),
        await listLogEffects(transaction, size),
      ]);
      const expected = encodeLogEntry({
        version: 2,
        invocation: invocation.cid,
        receipt: receipt.invocation.cid,
        enrolledAt: new Date(now * 1000).toISOString(),
        effectCount: effects.length,
        effectsRoot: treeHash(
          effects.map(({ digest, tableName: table, rowKey: key }) =>
            bindEffect(new Uint8Array(digest), { table, key }),
          ),
        ),
      });
      expect(entries.map(({ entryIndex, entry }) => [entryIndex, new Uint8Array(entry)])).toEqual([[size, expected]]);
    });

    test.each(keyTypes)('is done for an invoker whose key is %s, at the end of a longer chain', async (keyType) => {
      const [bob] = (await principals('bob')) as [typeof door.ci];
      const last = await principal('somebody at the end', keyType);
      const subject = door.acme.did;
      const chain = [
        await delegate(door.acme, bob, { command: '/package' }),
        await delegate(bob, last, { subject, command: '/package/sign', policy: [['like', '.name', '*.wasm']] }),
      ];
      expect(await execute(await ask(door, { by: last, with: chain }))).toMatchObject({ isReplay: false });
    });

    test('is done by proofs that are stored, without any beside', async () => {
      const eve = await principal('eve');
      const stored = await delegate(door.acme, eve, { command: '/package/sign' });
      await store(door.authority, stored);
      const { invocation } = await ask(door, { by: eve, with: [stored] });
      expect(await execute({ invocation, given: [] })).toMatchObject({ kind: 'receipt', isReplay: false });
    });

    test('is done for an administrator: everything on the authority, and a powerline from it', async () => {
      const admin = await principal('admin');
      const self = await openSigner(door.authority, 'authority');
      const everything = await delegate(self, admin);
      const request = { command: '/org/create', args: { name: 'globex' }, by: admin, with: [everything] };
      expect(resultOf(await execute(await ask(door, { ...request, on: self })))).toMatchObject({ name: 'globex' });
      const powerline = await delegate(self, admin, { subject: null });
      const [made] = await query(door.url, `select envelope from ucan_delegations where iss = $1`, [door.acme.did]);
      const chain = [decodeDelegation(new Uint8Array(made?.['envelope'] as Uint8Array)), powerline];
      const key = { command: '/key/create', args: { name: 'by-admin' }, by: admin, with: chain };
      expect(resultOf(await execute(await ask(door, key)))).toMatchObject({ name: 'by-admin' });
    });

    test.each(containerEncodings)('is asked for by a container in %s', async (encoding) => {
      const container = await pack(await ask(door), encoding);
      expect(await door.authority.executeContainer(container)).toMatchObject({ kind: 'receipt', isReplay: false });
    });

    test('is asked for with the audience left out, or the authority', async () => {
      const audience = door.authority.identity.did;
      expect(await execute(await ask(door, { audience }))).toMatchObject({ isReplay: false });
    });
  });

  test('a read has a plain result, reports nothing, and writes nothing', async () => {
    const chain = [await delegate(door.acme, door.ci, { command: '/key/list' })];
    const request = await ask(door, { command: '/key/list', args: {}, with: chain });
    const before = await dumpTables(door.url);
    const answer = await send(door, request);
    const { keys } = await door.authority.executeFor('acme', listKeys, {});
    expect(answer).toEqual({ kind: 'result', result: { keys } });
    // It is no act, and can be asked again.
    expect(await send(door, request)).toEqual(answer);
    expect(await dumpTables(door.url)).toEqual(before);
    expect(door.events).toEqual([]);
  });

  describe('the same again is answered by the same receipt, and nothing is done or told,', () => {
    async function expectSame(
      meanwhile: (request: Request) => unknown,
      finish: () => unknown = () => undefined,
    ): Promise<void> {
      const request = await ask(door, { with: [await delegate(door.acme, door.ci, { command: '/package/sign' })] });
      const first = await execute(request);
      await meanwhile(request);
      const before = await dumpTables(door.url);
      door.events.length = 0;
      const again = await execute(request);
      const elsewhere = (await two.executeContainer(await pack(request))) as Receipted;
      expect([again, elsewhere]).toMatchObject([{ isReplay: true }, { isReplay: true }]);
      expect([bytesOf(again), bytesOf(elsewhere)]).toEqual([bytesOf(first), bytesOf(first)]);
      expect(resultOf(again)).toEqual(resultOf(first));
      expect(await dumpTables(door.url)).toEqual(before);
      expect(door.events).toEqual([]);
      await finish();
    }

    test('at once', () => expectSame(() => undefined));

    test('after its expiry', () =>
      expectSame(() => {
        door.time += 100_000;
      }));

    test('after its proof was revoked', () =>
      expectSame(async ({ given: [proof] }) => proof && revoke(door.authority, door.acme, proof, {}, [proof])));

    test('after other acts', () => expectSame(async () => execute(await ask(door))));

    test('while the database is locked', () =>
      expectSame(
        () => [door.authority, two].forEach((each) => void each.lock()),
        () => Promise.all([door.authority.unlock(byRawKey(1)), two.unlock(byRawKey(1))]),
      ));

    test('after what it was about has changed', () =>
      expectSame(async () => {
        const [key] = (await door.authority.trustFor({ organisation: 'acme', packageHash })).keys.values();
        await door.authority.executeFor('acme', revokeTrust, { fingerprint: key?.fingerprint ?? '' });
      }));
  });

  test.each(keyTypes.filter((keyType) => keyType !== 'ed25519'))(
    'the twin of an invocation by a %s key is answered by the same receipt, and is not kept',
    async (keyType) => {
      const eve = await principal('somebody with a twin', keyType);
      const chain = [await delegate(door.acme, eve, { command: '/package/sign' })];
      const { invocation, given } = await ask(door, { by: eve, with: chain });
      const first = await execute({ invocation, given });
      const before = await dumpTables(door.url);
      const twin = decodeInvocation(twinOf(invocation));
      expect(twin.cid.equals(invocation.cid)).toBe(false);
      const again = await execute({ invocation: twin, given });
      expect([again.isReplay, bytesOf(again)]).toEqual([true, bytesOf(first)]);
      expect(await dumpTables(door.url)).toEqual(before);
    },
  );

  test('the same that comes several times at once is done once, wherever it comes', async () => {
    for (let round = 0; round < 5; round++) {
      const size = await countEntries();
      const container = await pack(await ask(door));
      const answers = await Promise.all(
        [door.authority, two, door.authority, two, two].map((each) => each.executeContainer(container)),
      );
      expect(answers.filter((answer) => !(answer as Receipted).isReplay)).toHaveLength(1);
      expect(new Set(answers.map((answer) => Buffer.from(bytesOf(answer)).toString('hex'))).size).toBe(1);
      expect(await countEntries()).toBe(size + 1);
    }
  });

  test('many that come at once are all done, each with an entry of its own', async () => {
    const size = await countEntries();
    const requests = await Promise.all(Array.from({ length: 30 }, () => ask(door)));
    const answers = await Promise.all(
      requests.map(async (request, index) => (index % 3 === 0 ? two : door.authority).executeRequest(request)),
    );
    const ran = answers.map((answer) => formatCid((answer as Receipted).receipt.ran));
    expect(ran).toEqual(requests.map(({ invocation }) => formatCid(invocation.cid)));
    expect(await countEntries()).toBe(size + 30);
    const entries = await query(door.url, 'select entry_index from log_entries order by entry_index');
    expect(entries.map((row) => Number(row['entry_index']))).toEqual([...Array(size + 30).keys()]);
  });

  test('of those that come at once what one has done is seen by the next', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `key-${index % 2}`);
    const outcomes = await Promise.allSettled(
      names.map((name) => door.authority.executeFor('acme', createKey, { name })),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([
      ...Array(2).fill('fulfilled'),
      ...Array(4).fill('rejected'),
    ]);
  });
});
