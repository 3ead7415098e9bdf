import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/store/engine/database.ts';
import type { DelegationRow } from '../../src/store/engine/schema.ts';
import {
  type DelegationPage,
  deleteExpiredDelegations,
  listDelegations,
  listDelegationsByIssuer,
  listDelegationsForCommand,
  listDelegationsToAudience,
} from '../../src/store/tables/ucan-delegations.ts';
import { coversCommand, type Delegation } from '../../src/ucan/index.ts';
import { openStore, query } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { cidOf, cidsOfAll, keep } from '../support/tokens.ts';
import { delegate, now, type Principal, principal, principals } from '../support/ucan.ts';

const all: DelegationPage = { limit: 1000 };

describe.each(engines)('$name', (engine) => {
  let url: string;
  let database: Database;
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let names = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    database = await openStore(url, true);
    [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];
  });

  afterAll(() => database.close());

  const fresh = () => principal(`somebody ${++names}`);
  const keepEach = async (...tokens: readonly Delegation[]) => {
    for (const token of tokens) await keep(database, [token]);
  };
  const toAudience = (audience: string, page: DelegationPage = all) =>
    database.transact('read', (transaction) => listDelegationsToAudience(transaction, audience, page));
  const forCommand = (subject: string, command: string, page: DelegationPage = all) =>
    database.transact('read', (transaction) => listDelegationsForCommand(transaction, subject, command, page));
  const cids = (rows: readonly DelegationRow[]) => rows.map(({ cid }) => cid);

  test('those to one audience and those by one issuer are listed newest first', async () => {
    const [issuer, audience] = [await fresh(), await fresh()];
    const one = await delegate(issuer, audience);
    const two = await delegate(issuer, bob);
    const three = await delegate(alice, audience, { subject: null });
    const four = await delegate(issuer, audience, { command: '/a' });
    await keepEach(one, two, three, four);
    expect(cids(await toAudience(audience.did))).toEqual(cidsOfAll([four, three, one]));
    const byIssuer = await database.transact('read', (transaction) =>
      listDelegationsByIssuer(transaction, issuer.did, all),
    );
    expect(cids(byIssuer)).toEqual(cidsOfAll([four, two, one]));
    const both = await database.transact('read', (transaction) =>
      listDelegations(transaction, { ...all, issuer: issuer.did, audience: audience.did, command: '/x' }),
    );
    expect(cids(both)).toEqual(cidsOfAll([one]));
  });

  test('those that cover a command are found segment by segment, and nothing else is', async () => {
    const subject = await fresh();
    const commands = ['/', '/a', '/a/b', '/a/bc', '/a/b/c', '/ab', '/a_b', '/a/_', '/a/%', '/%', '/_', "/a'b", '/ä'];
    for (const command of commands) await keep(database, [await delegate(subject, bob, { command })]);
    // No token has these, whose cases are lower; a row could.
    for (const [index, command] of ['/A', '/A/B', '/a/B', '/Ä'].entries()) {
      const token = await delegate(subject, carol, { nonce: Uint8Array.of(index) });
      await keep(database, [token]);
      await query(url, 'update ucan_delegations set cmd = $1 where cid = $2', [command, cidOf(token)]);
    }
    const found = async (command: string) => (await forCommand(subject.did, command)).map(({ cmd }) => cmd).reverse();
    expect(await found('/a/b')).toEqual(['/', '/a', '/a/b']);
    expect(await found('/a/b/c/d')).toEqual(['/', '/a', '/a/b', '/a/b/c']);
    expect(await found('/a/bc')).toEqual(['/', '/a', '/a/bc']);
    expect(await found('/a/_')).toEqual(['/', '/a', '/a/_']);
    expect(await found('/a/%')).toEqual(['/', '/a', '/a/%']);
    expect(await found('/xy')).toEqual(['/']);
    expect(await found('/')).toEqual(['/']);
    expect(await found("/a'b")).toEqual(['/', "/a'b"]);
    expect(await found('/ä/b')).toEqual(['/', '/ä']);
  });

  test('whatever the command, what covers it is listed', async () => {
    const subject = await fresh();
    const segment = fc.constantFrom('a', 'b', 'ab', '_', '%', 'ä');
    const command = fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
    const stored = fc.sample(command, 60);
    await keep(database, await Promise.all(stored.map((each) => delegate(subject, bob, { command: each }))));
    await fc.assert(
      fc.asyncProperty(command, async (asked) => {
        const rows = await forCommand(subject.did, asked);
        expect(rows.map(({ cmd }) => cmd).sort()).toEqual(stored.filter((each) => coversCommand(each, asked)).sort());
      }),
      { numRuns: 40 },
    );
  });

  test('those for a command are about one subject: neither powerlines, nor what others are about', async () => {
    const subject = await fresh();
    const own = await delegate(subject, bob, { command: '/a' });
    const passed = await delegate(bob, carol, { subject: subject.did, command: '/a' });
    await keepEach(own, passed, await delegate(subject, bob, { subject: null }), await delegate(bob, subject));
    expect(cids(await forCommand(subject.did, '/a'))).toEqual(cidsOfAll([passed, own]));
  });

  test('what is live at a time is so at both ends of its own', async () => {
    const audience = await fresh();
    const times: [string, { notBefore?: number; expiration: number | null }][] = [
      ['for ever', { expiration: null }],
      ['expires now', { expiration: now }],
      ['expired', { expiration: now - 1 }],
      ['begins now', { notBefore: now, expiration: null }],
      ['begins later', { notBefore: now + 1, expiration: null }],
      ['is now alone', { notBefore: now, expiration: now }],
      ['never', { notBefore: now + 1, expiration: now - 1 }],
      ['for ever, in number', { notBefore: 0, expiration: Number.MAX_SAFE_INTEGER }],
    ];
    const names = new Map<string, string>();
    for (const [name, claims] of times) {
      const token = await delegate(alice, audience, claims);
      names.set(cidOf(token), name);
      await keep(database, [token]);
    }
    const liveAt = async (time: number | undefined) =>
      (await toAudience(audience.did, { limit: 100, liveAt: time })).map(({ cid }) => names.get(cid)).reverse();
    const always = ['for ever', 'for ever, in number'];
    expect((await liveAt(now)).sort()).toEqual([...always, 'begins now', 'expires now', 'is now alone'].sort());
    expect((await liveAt(now - 1)).sort()).toEqual([...always, 'expires now', 'expired'].sort());
    expect((await liveAt(now + 1)).sort()).toEqual([...always, 'begins now', 'begins later'].sort());
    expect(await liveAt(undefined)).toHaveLength(times.length);
  });

  test('page by page no row comes twice and none is missed, while others are stored', async () => {
    const audience = await fresh();
    const make = (length: number) => Promise.all(Array.from({ length }, () => delegate(alice, audience)));
    const first = await make(25);
    await keepEach(...first);
    await using other = await openClosing();
    const seen: string[] = [];
    let before: number | undefined;
    do {
      const [rows] = await Promise.all([toAudience(audience.did, { limit: 4, before }), keep(other, await make(3))]);
      seen.push(...cids(rows));
      before = rows.length < 4 ? undefined : rows.at(-1)?.id;
    } while (before !== undefined);
    const old = cidsOfAll(first).reverse();
    // What came in while the first page was read is on it, or not.
    expect(seen.slice(-old.length)).toEqual(old);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length - old.length).toBeLessThanOrEqual(3);
    expect(await toAudience(audience.did, { limit: 3, before: 1 })).toEqual([]);
  });

  test('what expired before a time is removed, and nothing that expires then, later or never', async () => {
    const audience = await fresh();
    const kept = [];
    for (const expiration of [now - 2, now - 1, now, null, Number.MAX_SAFE_INTEGER]) {
      kept.push(await delegate(alice, audience, { expiration, notBefore: 0 }));
    }
    await keepEach(...kept);
    const remove = () => database.transact('write', (transaction) => deleteExpiredDelegations(transaction, now - 1));
    await remove();
    expect(cids(await toAudience(audience.did))).toEqual(cidsOfAll(kept.slice(1)).reverse());
    expect(await remove()).toBe(0);
  });

  async function openClosing(): Promise<Database & AsyncDisposable> {
    const opened = await openStore(url);
    return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() });
  }
});
