import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { changeCredential } from '../../src/authority/change-credential.ts';
import {
  type Answer,
  type Authority,
  createKey,
  createOrganisation,
  resultOf,
  revokeKey,
  signPackage,
} from '../../src/authority/index.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { signRevocation } from '../../src/ucan/index.ts';
import { byRawKey, costs, createAuthority, importSeed, openUnlocked, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';
import { expectWholeLog } from '../support/log.ts';
import { createOutsider, empower, type Outsider, type Signed, send } from '../support/outsider.ts';
import { cidOf, sendRevocation } from '../support/tokens.ts';
import { countWrites, gatherWriters } from '../support/transactions.ts';
import { delegate, principal } from '../support/ucan.ts';

const sign = { command: '/package/sign', args: { hash: 'ab'.repeat(32), name: 'a.wasm', key: 'release' } };

describe.each(engines)('$name', (engine) => {
  test('requests that come at once share a transaction, and lie in the log in the order of their turns', async () => {
    await using world = await open();
    const signed = await signEach(world.outsider, 40);
    const writes = countWrites(world.authority.database);
    const writers = await gatherWriters(world.authority, 40);
    const answers = await Promise.all(signed.map((each) => send(world.authority, each)));
    expect(writes()).toBe(2);
    const inOrder = (await Promise.all(writers.written)) as Answer[];
    const entries = await expectWholeLog(world.url);
    expect(entries.slice(-40).map(({ receipt }) => receipt)).toEqual(inOrder.map(receiptOf));
    expect(inOrder.map(receiptOf).sort()).toEqual(answers.map(receiptOf).sort());
  });

  test('of one invocation that comes several times at once, one is executed, and the others have its receipt', async () => {
    await using world = await open();
    const [signed] = await signEach(world.outsider, 1);
    await gatherWriters(world.authority, 5);
    const answers = await Promise.all(Array.from({ length: 5 }, () => signed && send(world.authority, signed)));
    expect(new Set(answers.map((answer) => answer && receiptOf(answer))).size).toBe(1);
    expect(answers.filter((answer) => answer?.kind === 'receipt' && answer.isReplay)).toHaveLength(4);
    expect(await expectWholeLog(world.url)).toHaveLength(world.size + 1);
  });

  test('each sees what those before have done, though nothing is committed yet', async () => {
    await using world = await open();
    const { authority, outsider } = world;
    const [first, second] = await signEach(outsider, 2);
    const outcomes = await inTurn(world, [
      () => execute(authority, first),
      () => authority.executeFor('acme', revokeKey, { name: 'release' }),
      () => execute(authority, second),
      () => authority.executeFor('acme', createKey, { name: 'other' }),
      () => authority.executeFor('acme', createKey, { name: 'other' }),
      () => authority.execute(createOrganisation, { name: 'globex' }),
      () => authority.execute(createOrganisation, { name: 'globex' }),
    ]);
    expect(outcomes).toEqual(['ok', 'ok', 'key_revoked', 'ok', 'already_exists', 'ok', 'already_exists', 'written 2']);
    // What a handler refuses is a receipt too, with an entry that has written nothing.
    const counts = (await expectWholeLog(world.url)).slice(-7).map(({ effectCount }) => effectCount > 0);
    expect(counts).toEqual([true, true, false, true, false, true, false]);
  });

  test('a proof that is revoked in the same transaction counts no more, and what rests on it leaves nothing', async () => {
    await using world = await open();
    const { authority, outsider } = world;
    const friend = await outsider.passOn('friend');
    const passedOn = friend.ofOrganisation.slice(-1);
    const [revocation] = await Promise.all(passedOn.map(({ cid }) => signRevocation(outsider.signer, { target: cid })));
    const [own, before, after] = [...(await signEach(outsider, 1)), ...(await signEach(friend, 2))];
    const outcomes = await inTurn(world, [
      () => execute(authority, before),
      async () => revocation && sendRevocation(authority, revocation, passedOn),
      () => execute(authority, after),
      () => execute(authority, own),
    ]);
    expect(outcomes).toEqual(['ok', 'ok', 'token_revoked', 'ok', 'written 2']);
    expect(await expectWholeLog(world.url)).toHaveLength(world.size + 3);
  });

  test('a revocation by somebody who may not is no receipt, and disturbs nobody', async () => {
    await using world = await open();
    const { authority, outsider } = world;
    const stranger = await principal('stranger');
    const target = await delegate(outsider.signer, await principal('friend'));
    const revocation = await signRevocation(stranger, { target: target.cid });
    const [first, second] = await signEach(outsider, 2);
    const outcomes = await inTurn(world, [
      () => execute(authority, first),
      async () => {
        await expectCode('not_authorized', () => sendRevocation(authority, revocation, [target]));
        return execute(authority, second);
      },
    ]);
    expect(outcomes).toEqual(['ok', 'ok', 'written 2']);
    expect(await expectWholeLog(world.url)).toHaveLength(world.size + 2);
    expect(await query(world.url, 'select id from did_documents where did = $1', [stranger.did])).toEqual([]);
  });

  test('one that fails after it has written leaves nothing, and the others are done', async () => {
    await using world = await open();
    const { authority, outsider, url } = world;
    // A key for packages, which may not invoke: that is found out when its row is to be written.
    const signer = await principal('signs packages');
    await importSeed(authority, 'acme', { name: 'theirs', seed: Secret.copyOf(signer.privateKey) });
    const [wrong] = await signEach(await empower(authority, signer), 1);
    const [first, second, third] = await signEach(outsider, 3);
    const outcomes = await inTurn(world, [
      () => execute(authority, first),
      () => execute(authority, wrong),
      () => execute(authority, second),
      () => execute(authority, third),
    ]);
    expect(outcomes).toEqual(['ok', 'bad_input', 'ok', 'ok', 'written 6']);
    expect(await expectWholeLog(url)).toHaveLength(world.size + 1 + 3);
    const left =
      'select i.id from ucan_invocations i where i.iss = $1 union select d.id from did_documents d where d.did = $2';
    expect(await query(url, left, [signer.did, signer.did])).toEqual([]);
    await expectCode('bad_input', () => execute(authority, wrong));
  });

  test('two processes that write at once make neither gap nor fork, whatever else is done', async () => {
    await using world = await open();
    await using other = await openUnlocked(world.url, {}, byRawKey(1));
    const signed = await signEach(world.outsider, 40);
    const changing = Array.from({ length: 3 }, (_, index) =>
      other.execute(createOrganisation, { name: `org-${index}` }),
    );
    const answers = await Promise.all([
      ...signed.map((each, index) => execute(index % 2 === 0 ? world.authority : other, each)),
      // The same requests, by the other way.
      ...signed.slice(0, 10).map((each, index) => execute(index % 2 === 0 ? other : world.authority, each)),
      ...changing,
      changeCredential(other, byRawKey(1), byRawKey(2), costs),
    ]);
    expect(answers).toHaveLength(40 + 10 + 3 + 1);
    expect(await expectWholeLog(world.url)).toHaveLength(world.size + 40 + 3 + 1);
  });

  async function open(): Promise<World> {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    const outsider = await createOutsider(authority, 'outsider');
    const { length: size } = await expectWholeLog(url);
    return { url, size, authority, outsider, [Symbol.asyncDispose]: () => authority.close() };
  }
});

test('on PostgreSQL, a writer waits for the head of the log, and holds nothing while waiting', async () => {
  const url = (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
  await using authority = (await createAuthority(url)).authority;
  await authority.executeFor('acme', createKey, { name: 'release' });
  const outsider = await createOutsider(authority, 'outsider');
  const own = await delegate(outsider.signer, await principal('friend'));
  const storing = await outsider.sign({ command: '/delegation/store', args: { delegations: [own.cid] } }, [own]);
  using seed = Secret.copyOf((await principal('imported')).privateKey);
  for (const write of [
    () => authority.executeFor('acme', signPackage, { ...sign.args, store: true }),
    () => authority.execute(createOrganisation, { name: 'globex' }),
    () => importSeed(authority, 'acme', { name: 'imported', seed }),
    () => execute(authority, storing),
    () => changeCredential(authority, byRawKey(1), byRawKey(2), costs),
  ]) {
    expect(await locksOfWaiting(url, write)).toEqual(['log_head RowShareLock']);
  }
});

interface World extends AsyncDisposable {
  readonly url: string;
  /** Of the log, at first. */
  readonly size: number;
  readonly authority: Authority;
  readonly outsider: Outsider;
}

function signEach(outsider: Outsider, count: number): Promise<Signed[]> {
  return Promise.all(Array.from({ length: count }, () => outsider.signFor(sign)));
}

async function execute(authority: Authority, signed: Signed | undefined): Promise<unknown> {
  return signed && resultOf(await send(authority, signed));
}

function receiptOf(answer: Answer): string {
  return answer.kind === 'receipt' ? cidOf(answer.receipt.invocation) : '';
}

// Has all of them done in one transaction, in this order. Returns `ok` or the code of each, and how often was written.
async function inTurn({ authority }: World, asks: readonly (() => Promise<unknown>)[]): Promise<string[]> {
  const writes = countWrites(authority.database);
  const writers = await gatherWriters(authority, asks.length);
  const asked: Promise<unknown>[] = [];
  for (const [index, ask] of asks.entries()) {
    const one = ask();
    one.catch(() => undefined);
    asked.push(one);
    await writers.asked(index + 1);
  }
  const outcomes = await Promise.allSettled(asked);
  const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'ok' : String(outcome.reason.code)));
  return [...codes, `written ${writes()}`];
}

// The locks on our tables, and by name, that a writer has while somebody else holds the head of the log.
async function locksOfWaiting(url: string, write: () => Promise<unknown>): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('select size from log_head for update');
    const writing = write();
    writing.catch(() => undefined);
    const pid = await eventually(async () => (await findWaiting(url)) ?? false);
    const locks = await query(
      url,
      `select coalesce(c.relname, l.locktype) as name, l.mode from pg_locks l left join pg_class c on c.oid = l.relation
       where l.pid = $1 and l.granted and (l.locktype = 'relation' and c.relkind = 'r' or l.locktype = 'advisory') order by 1, 2`,
      [pid],
    );
    await client.query('rollback');
    await writing;
    return locks.map((row) => `${row['name']} ${row['mode']}`);
  } finally {
    await client.end();
  }
}

async function findWaiting(url: string): Promise<unknown> {
  const waiting = `select pid from pg_stat_activity
    where datname = current_database() and application_name = 'hanaper' and wait_event_type = 'Lock'`;
  return (await query(url, waiting))[0]?.['pid'];
}
