import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { maxLegacyBytes } from '../../../src/authority/commands/import-legacy.ts';
import {
  type Authority,
  createOrganisation,
  type DelegationDocument,
  findStoredChain,
  type ImportLegacyArgs,
  importLegacyTokens,
  type LegacyImportDocument,
  listStoredDelegations,
} from '../../../src/authority/index.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import type { Signer } from '../../../src/ucan/index.ts';
import { createAuthority, query, queryOne } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { digestOf, type LegacyJson, openAnySigner, signLatestLegacy, signLegacy } from '../../support/legacy.ts';
import { type Principal, principal } from '../../support/ucan.ts';

const seconds = 1_767_225_600;
const time = new Date(seconds * 1000).toISOString();
const users = 'db://example.com/users';
const commands = { 'db/READ': '/db/read', 'db/WRITE': '/db/write' };
const both = [
  { with: users, can: 'db/READ' },
  { with: users, can: 'db/WRITE' },
];

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];
  let self: Signer;
  let acme: Signer;
  let alice: Principal;
  let bob: Principal;
  let count = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority, events } = await createAuthority(url, { clock: () => new Date(seconds * 1000) }));
    await authority.execute(createOrganisation, { name: 'globex' });
    self = await openAnySigner(authority);
    acme = await openAnySigner(authority, 'acme');
    alice = await principal('alice');
    bob = await principal('bob');
  });

  beforeEach(() => {
    events.length = 0;
  });

  afterAll(() => authority.close());

  const run = (args: ImportLegacyArgs) => authority.execute(importLegacyTokens, args);

  /** A token that is like no other. */
  const sign = (issuer: Signer, payload: LegacyJson = {}, header: LegacyJson = {}) => {
    count += 1;
    return signLegacy(issuer, bob, { header, payload: { nnc: `${count}`, ...payload } });
  };

  const signLatest = (issuer: Signer, cap: unknown, payload: LegacyJson = {}) => {
    count += 1;
    return signLatestLegacy(issuer, bob, { payload: { nnc: `${count}`, cap, ...payload } });
  };

  const rowOf = (token: string) =>
    queryOne(url, 'select * from ucan_legacy_tokens where token_digest = $1', [digestOf(token)]);
  const rowsOf = async (...tokens: readonly string[]) =>
    (
      await Promise.all(
        tokens.map((each) => query(url, 'select id from ucan_legacy_tokens where raw_token = $1', [each])),
      )
    ).flat().length;
  const countDelegations = async () => (await query(url, 'select id from ucan_delegations')).length;

  async function documentOf(cid: string | undefined): Promise<DelegationDocument | undefined> {
    const { delegations } = await authority.execute(listStoredDelegations, {
      audience: bob.did,
      limit: 1000,
      expired: true,
    });
    return delegations.find((each) => each.cid === cid);
  }

  const expectCounts = (document: LegacyImportDocument, counts: Partial<LegacyImportDocument>) =>
    expect(document).toEqual({ imported: 0, known: 0, refused: [], reissued: [], ...counts });

  describe('keeping', () => {
    test('a verified token becomes one row', async () => {
      const token = await sign(alice, { nbf: 5 });
      expectCounts(await run({ tokens: [token] }), { imported: 1 });
      const row = await rowOf(token);
      expect({ ...row, id: 0, exp: Number(row['exp']), nbf: Number(row['nbf']), created_at: 0 }).toEqual({
        id: 0,
        token_digest: digestOf(token),
        raw_token: token,
        version: '0.8.1',
        iss: alice.did,
        aud: bob.did,
        exp: seconds + 3600,
        nbf: 5,
        reissued_cid: null,
        created_at: 0,
      });
      expect(new Date(row['created_at'] as string | Date).toISOString()).toBe(time);
    });

    test('the same token twice is one row, in one call and in two', async () => {
      const token = await sign(alice);
      expectCounts(await run({ tokens: [token, token] }), { imported: 1, known: 1 });
      expectCounts(await run({ tokens: [token] }), { known: 1 });
      expect(await rowsOf(token)).toBe(1);
    });

    test('a token that expired, is not valid yet, or refers to proofs is kept', async () => {
      const tokens = [
        await sign(alice, { exp: 1 }),
        await sign(alice, { nbf: seconds + 60 }),
        await sign(alice, { prf: [await sign(bob)] }),
        await signLatest(alice, {}, { exp: null }),
      ];
      expectCounts(await run({ tokens }), { imported: 4 });
      expect((await rowOf(tokens[3] ?? ''))['exp']).toBe(null);
    });

    test('one bad token never stops the others, and nothing of it is kept or told', async () => {
      const [first, last] = [await sign(alice), await sign(bob)];
      const forged = await sign(alice, { iss: bob.did });
      const bad = [forged, 'x', '', `${first}.AA`, await sign(alice, { exp: 'x' })];
      const document = await run({ tokens: [first, ...bad, last], commands });
      expectCounts(document, {
        imported: 2,
        refused: [
          { index: 1, reason: 'is not signed by its issuer' },
          { index: 2, reason: 'is no JWT, which has three parts' },
          { index: 3, reason: 'is no JWT, which has three parts' },
          { index: 4, reason: 'is no JWT, which has three parts' },
          { index: 5, reason: 'has a field "exp" that is no time in whole seconds' },
        ],
      });
      expect(await rowsOf(first, last)).toBe(2);
      expect(await rowsOf(...bad)).toBe(0);
      expect(JSON.stringify([document, events])).not.toContain(forged.slice(0, 12));
    });

    test('the import is told in counts', async () => {
      const tokens = [await sign(alice), 'x'];
      await run({ tokens });
      expect(events).toEqual([
        { name: 'ucan.legacy.imported', time, details: { imported: 1, known: 0, refused: 1, reissued: 0 } },
      ]);
    });

    test('an import of nothing imports nothing', async () => {
      expectCounts(await run({ tokens: [] }), {});
    });

    test('a thousand tokens are looked at at once, and not one more', async () => {
      const tokens = Array.from({ length: 1000 }, (_, index) => `x${index}`);
      const { refused } = await run({ tokens });
      expect(refused).toHaveLength(1000);
      const { details } = await expectCode('bad_input', async () => run({ tokens: [...tokens, 'x'] }));
      expect(details).toMatchObject({ field: 'tokens' });
    });

    test('as many bytes of tokens are imported at once as an invocation holds, and not one more', async () => {
      const tokens: string[] = [];
      let left = maxLegacyBytes;
      for (let token = await sign(alice); token.length <= left; token = await sign(alice)) {
        tokens.push(token);
        left -= token.length;
      }
      const rest = 'ä'.repeat(left / 2) + 'x'.repeat(left % 2);
      expectCounts(await run({ tokens: [...tokens, rest] }), {
        imported: tokens.length,
        refused: [{ index: tokens.length, reason: 'is no JWT, which has three parts' }],
      });
      const { details } = await expectCode('bad_input', async () => run({ tokens: [...tokens, `${rest}x`] }));
      expect(details).toMatchObject({ field: 'tokens' });
    });

    test.each([
      ['an ability twice', { 'db/READ': '/db/read', 'db/read': '/db/list' }],
      ['what is no command', { 'db/READ': 'db/read' }],
      ['an empty ability', { '': '/db/read' }],
    ])('commands with %s are refused', async (_, wrong) => {
      const { details } = await expectCode('bad_input', async () =>
        run({ tokens: [await sign(alice)], commands: wrong }),
      );
      expect(details['field']).toMatch(/^commands/);
    });

    test('a locked database imports nothing', async () => {
      const other = await engine.createUrl();
      const { authority: locked } = await createAuthority(other);
      locked.lock();
      await expectCode('locked', async () => locked.execute(importLegacyTokens, { tokens: [await sign(alice)] }));
      expect(await query(other, 'select id from ucan_legacy_tokens')).toEqual([]);
      await locked.close();
    });
  });

  describe('issuing anew', () => {
    const issuers: readonly (readonly [string, () => Signer])[] = [
      ['the authority', () => self],
      ['an organisation', () => acme],
    ];

    test.each(issuers)('a token by %s is issued anew, for each of its capabilities', async (_, issuer) => {
      const token = await sign(issuer(), { att: both, nbf: 7 });
      const document = await run({ tokens: [token], commands });
      expectCounts(document, {
        imported: 1,
        reissued: [expect.stringMatching(/^zdpu/), expect.stringMatching(/^zdpu/)],
      });
      const [first, second] = document.reissued;
      const common = { iss: issuer().did, sub: issuer().did, aud: bob.did, nbf: 7, exp: seconds + 3600, is_root: true };
      const pol = [['==', '.resource', users]];
      expect(await documentOf(first)).toMatchObject({ ...common, cmd: '/db/read', pol });
      expect(await documentOf(second)).toMatchObject({ ...common, cmd: '/db/write', pol });
      expect((await rowOf(token))['reissued_cid']).toBe(first);
      const about = (cid: string | undefined, command: string) => ({
        cid,
        issuer: issuer().did,
        audience: bob.did,
        command,
      });
      expect(events).toMatchObject([
        { name: 'ucan.delegation.issued', details: { ...about(first, '/db/read'), subject: issuer().did } },
        { name: 'ucan.delegation.issued', details: { ...about(second, '/db/write'), subject: issuer().did } },
        { name: 'ucan.delegation.stored', details: about(first, '/db/read') },
        { name: 'ucan.delegation.stored', details: about(second, '/db/write') },
        { name: 'ucan.legacy.imported', details: { imported: 1, known: 0, refused: 0, reissued: 2 } },
      ]);
    });

    test('the new delegation carries an invocation on its resource, and on no other', async () => {
      const token = await sign(acme, { att: [{ with: users, can: 'db/READ' }] });
      const { reissued } = await run({ tokens: [token], commands });
      const find = (resource: string, command = '/db/read') =>
        authority.execute(findStoredChain, { invoker: bob.did, subject: acme.did, command, args: { resource } });
      const { chain } = await find(users);
      expect(chain).toHaveLength(1);
      expect(reissued).toHaveLength(1);
      await expectCode('not_authorized', () => find('db://example.com/other'));
      await expectCode('not_authorized', () => find(users, '/db'));
    });

    test('a token is issued anew once, whether at its first import or later', async () => {
      const token = await sign(acme);
      expectCounts(await run({ tokens: [token] }), { imported: 1 });
      expectCounts(await run({ tokens: [token, token], commands }), { known: 2, reissued: [expect.any(String)] });
      expectCounts(await run({ tokens: [token], commands }), { known: 1 });
    });

    test('a token that is imported twice at the same time is issued anew once', async () => {
      const token = await sign(acme);
      const documents = await Promise.all([1, 2, 3].map(() => run({ tokens: [token], commands })));
      expect(documents.map(({ imported }) => imported).sort()).toEqual([0, 0, 1]);
      expect(documents.flatMap(({ reissued }) => reissued)).toHaveLength(1);
    });

    test('a token without an end is issued without one', async () => {
      const token = await signLatest(acme, { [users]: { 'db/read': [{}] } }, { exp: null });
      const { reissued } = await run({ tokens: [token], commands });
      const document = await documentOf(reissued[0]);
      expect(document).toMatchObject({ cmd: '/db/read' });
      expect(document).not.toHaveProperty('exp');
      expect(document).not.toHaveProperty('nbf');
    });

    test('a capability that stands twice in a token is issued once', async () => {
      const att = [...both, { with: users, can: 'DB/read' }];
      expect((await run({ tokens: [await sign(acme, { att })], commands })).reissued).toHaveLength(2);
    });

    test('a resource that is said to be the issuer’s own is stated without saying so', async () => {
      const token = await sign(acme, { att: [{ with: `my:${users}`, can: 'db/READ' }] }, { ucv: '0.9.1' });
      const { reissued } = await run({ tokens: [token], commands });
      expect(await documentOf(reissued[0])).toMatchObject({ pol: [['==', '.resource', users]] });
    });

    test('at the very second of its end a token is issued anew, and not a second later', async () => {
      const tokens = [await sign(acme, { exp: seconds }), await sign(acme, { exp: seconds - 1 })];
      const { imported, reissued } = await run({ tokens, commands });
      expect([imported, reissued.length]).toEqual([2, 1]);
      expect((await rowOf(tokens[1] ?? ''))['reissued_cid']).toBe(null);
    });

    const kept: readonly (readonly [string, () => Promise<string>])[] = [
      ['by somebody else', () => sign(alice)],
      ['with an ability that has no command', () => sign(acme, { att: [...both, { with: users, can: 'db/DROP' }] })],
      ['without a capability', () => sign(acme, { att: [] })],
      ['that passes on what comes from proofs', async () => sign(acme, { prf: [await sign(alice)] })],
      ['that names capabilities of its proofs', () => sign(acme, { att: [{ with: 'prf:0', can: 'db/READ' }] })],
      ['for whatever its issuer has', () => sign(acme, { att: [{ with: 'my:*', can: 'db/READ' }] })],
      ['for all of one kind', () => sign(acme, { att: [{ with: 'my:db', can: 'db/READ' }] })],
      ['with a wildcard', () => sign(acme, { att: [{ with: 'db://example.com/*', can: 'db/READ' }] })],
      ['as another', () => sign(acme, { att: [{ with: `as:${alice.did}:*`, can: 'db/READ' }] })],
      ['that is narrowed by a caveat', () => sign(acme, { att: [{ with: users, can: 'db/READ', nb: { max: 1 } }] })],
      ['that is narrowed by a field', () => sign(acme, { att: [{ with: users, can: 'db/READ', max: 1 }] })],
      ['that is narrowed by a list', () => sign(acme, { att: [{ with: users, can: 'db/READ', nb: [{}] }] })],
      ['whose every alternative is narrowed', () => signLatest(acme, { [users]: { 'db/read': [{ a: 1 }] } })],
    ];
    test.each(kept)('a token %s is kept, and not issued anew', async (_, create) => {
      const token = await create();
      const before = await countDelegations();
      expectCounts(await run({ tokens: [token], commands }), { imported: 1 });
      expect((await rowOf(token))['reissued_cid']).toBe(null);
      expect(await countDelegations()).toBe(before);
    });

    test('a token whose ability has no caveats at all is refused, as the fixtures of 0.10 have it', async () => {
      const document = await run({ tokens: [await signLatest(acme, { [users]: { 'db/read': [] } })], commands });
      expect(document).toMatchObject({ imported: 0, refused: [{ index: 0 }] });
    });

    test('an ability that means something to JavaScript has no command', async () => {
      const att = [{ with: users, can: 'constructor/x' }];
      const cap = { [users]: { constructor: [{}], toString: [{}] } };
      const tokens = [await sign(acme, { att }), await signLatest(acme, cap)];
      expectCounts(await run({ tokens, commands }), { imported: 2 });
    });
  });

  describe('authorisation', () => {
    test('an old token is no delegation: no query finds it, and none is stored from it', async () => {
      const token = await sign(acme, {}, { ucv: '0.9.0' });
      await run({ tokens: [token] });
      const about = { issuer: acme.did, audience: bob.did };
      const lists = [
        about,
        { audience: bob.did },
        { issuer: acme.did },
        { subject: acme.did, command: '/db/read/old' },
      ];
      for (const filter of lists) {
        const { delegations } = await authority.execute(listStoredDelegations, {
          ...filter,
          expired: true,
          revoked: true,
        });
        expect(JSON.stringify(delegations)).not.toContain(token.slice(0, 20));
      }
      const carol = await principal('carol');
      await run({ tokens: [await signLegacy(acme, carol)] });
      const { delegations } = await authority.execute(listStoredDelegations, { audience: carol.did, expired: true });
      expect(delegations).toEqual([]);
      const wish = { invoker: carol.did, subject: acme.did, command: '/db/read', args: { resource: users } };
      await expectCode('not_authorized', () => authority.execute(findStoredChain, wish));
      await expectCode('malformed_token', () => authority.executeContainer(new TextEncoder().encode(token)));
    });
  });
});
