import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { resultOf } from '../../src/authority/execution/result-of.ts';
import {
  type Authority,
  listStoredDelegations,
  pruneDelegations,
  type RevocationDocument,
  validateAuthority,
} from '../../src/authority/index.ts';
import { Secret } from '../../src/crypto/secret.ts';
import type { HanaperEvent } from '../../src/events.ts';
import { type Delegation, signRevocation } from '../../src/ucan/index.ts';
import { Child } from '../store/children/child.ts';
import { byRawKey, createAuthority, importSeed, openUnlocked, query } from '../support/authority.ts';
import { createTempFolder, engines } from '../support/engines.ts';
import { cidsOfAll, containerOf, sendRevocation, storeAtOnce } from '../support/tokens.ts';
import { delegate, now, type Principal, principal, principals } from '../support/ucan.ts';

const storeScript = new URL('./children/store-tokens.ts', import.meta.url);
// HANAPER_KILLS=1000 is for a night.
const kills = Number(process.env['HANAPER_KILLS'] ?? 3);

interface Outcome {
  readonly index: number;
  readonly outcome: string;
}

describe.each(engines)('$name', (engine) => {
  const readCids = async (url: string) =>
    (await query(url, `select cid from ucan_delegations where cmd like '/kept%'`)).map((row) => String(row['cid']));

  async function openTwo(): Promise<{ url: string; one: Authority; two: Authority; events: HanaperEvent[] }> {
    const url = await engine.createUrl();
    const { authority: one, events } = await createAuthority(url, { clock: () => new Date(now * 1000) });
    const observer = (event: HanaperEvent) => {
      if (!event.name.startsWith('command.')) events.push(event);
    };
    const two = await openUnlocked(url, { observer, clock: () => new Date(now * 1000) }, byRawKey(1));
    // So that every connection is there before the race begins.
    for (const each of [one, two]) await Promise.all([1, 2, 3].map(() => each.execute(listStoredDelegations, {})));
    events.length = 0;
    return { url, one, two, events };
  }

  async function makeTokens(count: number, prefix: string): Promise<readonly Delegation[]> {
    const people = await principals(...Array.from({ length: count }, (_, index) => `${prefix} ${index}`));
    const [bob] = people as [Principal];
    return Promise.all(people.map((person) => delegate(person, bob, { command: '/kept' })));
  }

  test('two connections that store the same tokens at once, in whatever order, store and report each once', async () => {
    const { url, one, two, events } = await openTwo();
    for (let round = 0; round < 6; round++) {
      const tokens = await makeTokens(60, `racer ${round}`);
      const before = (await readCids(url)).length;
      events.length = 0;
      const results = await Promise.all([
        storeAtOnce(one, tokens),
        storeAtOnce(two, tokens.toReversed()),
        storeAtOnce(one, [...tokens.slice(30), ...tokens.slice(0, 30)]),
        storeAtOnce(two, tokens),
      ]);
      const stored = results.flatMap((result) => result.stored);
      expect([...stored].sort()).toEqual(cidsOfAll(tokens).sort());
      for (const { stored, known } of results) expect(stored.length + known.length).toBe(60);
      expect(await readCids(url)).toHaveLength(before + 60);
      expect(events.map(({ details }) => String(details['cid'])).sort()).toEqual(cidsOfAll(tokens).sort());
    }
    const dids = await query(url, 'select did from did_documents group by did having count(*) > 1');
    expect(dids).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });

  test('two connections that revoke at once make one row, which both answer with', async () => {
    const { url, one, two, events } = await openTwo();
    const alice = await principal('alice');
    for (let round = 0; round < 6; round++) {
      const target = await delegate(alice, await principal('bob'));
      await storeAtOnce(one, [target]);
      events.length = 0;
      const revocations = await Promise.all(
        ['lost', 'stolen', 'old'].map((reason) => signRevocation(alice, { target: target.cid, reason })),
      );
      const answers = await Promise.all(
        [one, two].flatMap((each) =>
          revocations.map((invocation) => each.executeRequest({ invocation, given: [], isLocal: true })),
        ),
      );
      const results = answers.map((answer) => resultOf(answer) as RevocationDocument);
      const executed = answers.filter((answer) => answer.kind === 'receipt' && !answer.isReplay);
      expect(executed).toHaveLength(3);
      expect(executed.filter((answer) => (resultOf(answer) as RevocationDocument).is_new)).toHaveLength(1);
      expect(new Set(results.map(({ revoked_at }) => revoked_at)).size).toBe(1);
      const [cid] = cidsOfAll([target]);
      expect(await query(url, 'select id from ucan_revocations where delegation_cid = $1', [cid])).toHaveLength(1);
      expect(events.map(({ name }) => name)).toEqual(['ucan.revoked']);
    }
    await Promise.all([one.close(), two.close()]);
  });

  test('storing, revoking and removing at once fail in none of them', async () => {
    const { url, one, two } = await openTwo();
    const [alice, bob] = (await principals('alice', 'bob')) as [Principal, Principal];
    for (let round = 0; round < 8; round++) {
      const tokens = await Promise.all([
        ...[...Array(20).keys()].map(() => delegate(alice, bob, { command: '/kept', expiration: now - 100 })),
        ...[...Array(20).keys()].map(() => delegate(alice, bob, { command: '/kept' })),
      ]);
      const revocations = await Promise.all(
        tokens.slice(15, 25).map(({ cid }) => signRevocation(alice, { target: cid, path: [cid] })),
      );
      await Promise.all([
        storeAtOnce(one, tokens),
        storeAtOnce(two, tokens.toReversed()),
        one.execute(pruneDelegations, {}),
        ...revocations.map((each) => sendRevocation(two, each)),
      ]);
    }
    await one.execute(pruneDelegations, {});
    const kept = await query(url, `select cid from ucan_delegations where cmd = '/kept' and exp is null`);
    const revoked = await query(url, 'select delegation_cid as cid from ucan_revocations');
    expect([kept.length, revoked.length]).toEqual([8 * 20, 8 * 10]);
    const expired = await query(url, `select cid from ucan_delegations where exp is not null`);
    for (const row of expired) expect(revoked).toContainEqual(row);
    await Promise.all([one.close(), two.close()]);
  });

  test('a key is never taken in as a signing key and as an issuer of tokens both', async () => {
    const { one, two } = await openTwo();
    const bob = await principal('bob');
    for (let round = 0; round < 25; round++) {
      const person = await principal(`either ${round}`);
      const token = await delegate(person, bob, { command: '/kept' });
      const outcomes = await Promise.allSettled([
        importSeed(one, 'acme', { name: `key-${round}`, seed: Secret.copyOf(person.privateKey) }),
        storeAtOnce(two, [token]),
      ]);
      const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
      expect(failures).toEqual(['bad_input']);
    }
    await Promise.all([one.close(), two.close()]);
  });

  test('of two processes that store the same batches at once, neither fails and nothing comes twice', async () => {
    const { url, one, two } = await openTwo();
    const batches = [];
    for (let batch = 0; batch < 5; batch++) batches.push(await makeTokens(40, `batch ${batch}`));
    const file = await writeContainers(batches);
    const children = [new Child(storeScript, [url, file]), new Child(storeScript, [url, file])];
    await Promise.all(children.map((child) => child.hear()));
    for (const child of children) child.go();
    const outcomes = (await Promise.all(children.map((child) => child.rest<Outcome>()))).flat();
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(10).fill('ok'));
    expect((await readCids(url)).sort()).toEqual(batches.flatMap(cidsOfAll).sort());
    await Promise.all([one.close(), two.close()]);
  });

  test('a process that is killed while it stores leaves each batch whole, or nothing of it', async () => {
    const { url, one, two } = await openTwo();
    await Promise.all([one.close(), two.close()]);
    let typical = 0;
    for (let round = 0; round <= kills; round++) {
      const batches = [];
      for (let batch = 0; batch < 8; batch++) batches.push(await makeTokens(50, `killed ${round} ${batch}`));
      const child = new Child(storeScript, [url, await writeContainers(batches)]);
      await child.hear();
      const started = performance.now();
      child.go();
      const heard = child.rest<Outcome>();
      // The first one is let be, to learn how long it takes.
      if (round === 0) await heard;
      else await sleep(Math.random() * typical);
      if (round === 0) typical = performance.now() - started;
      await child.kill();
      const announced = (await heard).map(({ index }) => index);
      const present = new Set(await readCids(url));
      const whole = batches.map((batch) => cidsOfAll(batch).filter((cid) => present.has(cid)).length);
      for (const [index, count] of whole.entries()) {
        expect([0, 50]).toContain(count);
        if (announced.includes(index)) expect(count).toBe(50);
      }
      if (round === 0) expect(announced).toHaveLength(8);
      await using authority = await openUnlocked(url, {}, byRawKey(1));
      expect(await validateAuthority(authority, byRawKey(1))).toMatchObject({ valid: true });
      const rest = await Promise.all(batches.map((batch) => storeAtOnce(authority, batch)));
      expect(rest.flatMap(({ known }) => known)).toHaveLength(whole.reduce((sum, count) => sum + count, 0));
    }
  });

  async function writeContainers(batches: readonly (readonly Delegation[])[]): Promise<string> {
    const file = `${await createTempFolder()}/containers.json`;
    writeFileSync(file, JSON.stringify(await Promise.all(batches.map((batch) => containerOf(batch)))));
    return file;
  }
});
