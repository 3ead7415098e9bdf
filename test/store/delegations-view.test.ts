import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authority, openAuthority } from '../../src/authority/index.ts';
import type { Delegation } from '../../src/ucan/index.ts';
import { createAuthority, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { cidOf, cidsOfAll, revoke, store } from '../support/tokens.ts';
import { delegate, type Principal, principals } from '../support/ucan.ts';

const page = readFileSync(new URL('../../docs/formats/delegations-view.md', import.meta.url), 'utf8');
const queries = Array.from(page.matchAll(/```sql\n(.*?)\n```/gs), ([, text = '']) => text);
const [byCid = '', toAudience = '', byIssuer = '', forCommand = '', revoked = ''] = queries;

const [alice, bob, carol] = (await principals('view alice', 'view bob', 'view carol')) as [
  Principal,
  Principal,
  Principal,
];
// The view asks the engine for the present.
const now = Math.floor(Date.now() / 1000);
const hour = 3600;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  const tokens = {} as Record<
    'endless' | 'live' | 'over' | 'early' | 'begun' | 'taken' | 'root' | 'powerline' | 'far',
    Delegation
  >;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url));
    Object.assign(tokens, {
      endless: await delegate(alice, bob, { command: '/package' }),
      live: await delegate(alice, bob, { command: '/package/sign', expiration: now + hour }),
      over: await delegate(alice, bob, { command: '/package/sign', expiration: now - hour }),
      early: await delegate(alice, bob, { command: '/package/sign', notBefore: now + hour }),
      begun: await delegate(alice, bob, { command: '/packages', notBefore: now - hour, expiration: now + hour }),
      taken: await delegate(alice, bob, { command: '/package/sign', nonce: new Uint8Array(12) }),
      root: await delegate(alice, carol, { command: '/' }),
      powerline: await delegate(alice, carol, { subject: null, command: '/package' }),
      far: await delegate(bob, carol, { command: '/x_y', notBefore: 0, expiration: 9e15 }),
    });
    await store(authority, ...Object.values(tokens));
    await revoke(authority, alice, tokens.taken);
  });

  afterAll(() => authority.close());

  // As each engine writes a parameter, where the page has a question mark.
  const ask = (text: string, ...values: readonly unknown[]) => {
    let at = 0;
    return query(url, engine.name === 'sqlite' ? text : text.replaceAll('?', () => `$${++at}`), [...values]);
  };
  const cids = async (rows: Promise<readonly Record<string, unknown>[]>) =>
    (await rows).map(({ cid }) => cid).toSorted();
  const sorted = (...each: readonly Delegation[]) => cidsOfAll(each).toSorted();
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  // ISO 8601, and what datetime('now') of SQLite gives.
  const presents = [iso(now), iso(now).slice(0, 19).replace('T', ' ')];

  test('the page has the five queries', () => {
    expect(queries.length).toBe(5);
  });

  test('by CID: one row, with its times as ISO 8601 text, and the DID of its subject', async () => {
    const rows = await ask(byCid, cidOf(tokens.live));
    expect(rows).toMatchObject([
      { did: alice.did, iss: alice.did, aud: bob.did, sub: alice.did, cmd: '/package/sign', pol: '[]', nbf: null },
    ]);
    expect(rows[0]).toMatchObject({ exp: iso(now + hour), is_root: 1, is_powerline: 0, revoked: 0, live: 1 });
    expect(rows[0]?.['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Buffer.from(rows[0]?.['envelope'] as Uint8Array)).toEqual(Buffer.from(tokens.live.bytes));
    expect(await ask(byCid, cidOf(tokens.powerline))).toMatchObject([{ did: alice.did, sub: null, is_powerline: 1 }]);
  });

  test.each(presents)(
    'to an audience, and by an issuer: what is in its time at %s, on the day itself too',
    async (at) => {
      const { endless, live, begun, taken, root, powerline, far } = tokens;
      expect(await cids(ask(toAudience, bob.did, at, at))).toEqual(sorted(endless, live, begun, taken));
      expect(await cids(ask(byIssuer, alice.did, at, at))).toEqual(
        sorted(endless, live, begun, taken, root, powerline),
      );
      expect(await cids(ask(byIssuer, bob.did, at, at))).toEqual(sorted(far));
    },
  );

  test.each(presents)('for a command of a DID: what covers it at %s, by whole segments', async (at) => {
    const { endless, live, taken, root, powerline } = tokens;
    const covering = (did: string, command: string) => cids(ask(forCommand, did, command, at, at));
    expect(await covering(alice.did, '/package/sign')).toEqual(sorted(endless, live, taken, root, powerline));
    expect(await covering(alice.did, '/package')).toEqual(sorted(endless, root, powerline));
    expect(await covering(alice.did, '/packager')).toEqual(sorted(root));
    expect(await covering(bob.did, '/xay/z')).toEqual([]);
    expect(await covering(bob.did, '/x_y/z')).toEqual(sorted(tokens.far));
  });

  test('revoked or not', async () => {
    expect(Number(Object.values((await ask(revoked, cidOf(tokens.taken)))[0] ?? {})[0])).toBe(1);
    expect(await ask(revoked, cidOf(tokens.live))).toMatchObject([{ revoked: 0 }]);
    expect(await ask(byCid, cidOf(tokens.taken))).toMatchObject([{ revoked: 1, live: 0 }]);
  });

  test('live is in its time and not revoked', async () => {
    const rows = await query(url, 'select cid from ucan_delegations_view where live = 1 and iss <> aud');
    const { endless, live, begun, root, powerline, far } = tokens;
    const known = new Set(cidsOfAll(Object.values(tokens)));
    expect(
      rows
        .map(({ cid }) => cid as string)
        .filter((cid) => known.has(cid))
        .toSorted(),
    ).toEqual(sorted(endless, live, begun, root, powerline, far));
  });

  test('a time without such a text is the last that has one', async () => {
    const [row] = await ask(byCid, cidOf(tokens.far));
    expect(row).toMatchObject({ nbf: '1970-01-01 00:00:00.000Z', exp: '9999-12-31T23:59:59.000Z' });
  });

  test('nobody writes through it', async () => {
    const change = query(url, `update ucan_delegations_view set aud = 'me'`);
    await expect(change).rejects.toThrow();
    await expect(query(url, 'delete from ucan_delegations_view')).rejects.toThrow();
  });

  test('an altered view of SQLite is refused; one of PostgreSQL changes nothing, since nothing of ours reads it', async () => {
    const other = await engine.createUrl();
    await (await createAuthority(other)).authority.close();
    await query(other, 'drop view ucan_delegations_view');
    await query(other, `create view ucan_delegations_view as select 'mine' as cid, 1 as live`);
    const open = () => openAuthority({ database: other });
    if (engine.name === 'sqlite') {
      const error = await expectCode('database_corrupt', open);
      expect(error.details).toMatchObject({ table: 'ucan_delegations_view' });
    } else await (await open()).close();
  });
});
