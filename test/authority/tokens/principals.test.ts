import { describe, expect, test } from 'vitest';
import {
  createOrganisation,
  openAuthority,
  showOrganisation,
  validateAuthority,
} from '../../../src/authority/index.ts';
import { migrateDown } from '../../../src/store/migrations/migrate.ts';
import { decodeDelegation, verifyToken } from '../../../src/ucan/index.ts';
import { raceChildren } from '../../store/children/child.ts';
import {
  byRawKey,
  createAuthority,
  initialize,
  openStore,
  openUnlocked,
  query,
  type Row,
} from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { signAsOlder } from '../../support/older.ts';
import { flipBit } from '../../support/vectors.ts';

const unlockScript = new URL('../children/unlock.ts', import.meta.url);
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(engines)('$name', (engine) => {
  const readPrincipals = (url: string) => query(url, 'select did, kind, document from did_documents order by id');
  const readDelegations = (url: string) =>
    query(url, 'select iss, aud, sub, cmd, pol, nbf, exp, is_root, is_powerline, envelope from ucan_delegations');

  test('an authority is a principal from its first moment, with an organisation or without', async () => {
    const url = await engine.createUrl();
    const { did } = await initialize(url, { slot: 'raw', credential: byRawKey(1) });
    const [first, second, ...others] = await readPrincipals(url);
    expect([first?.['did'], first?.['kind'], second?.['kind'], others]).toEqual([did, 'authority', 'organisation', []]);
    expect(await readDelegations(url)).toHaveLength(1);
    await expectUntouched(url, async () => (await openUnlocked(url, {}, byRawKey(1))).close());
  });

  test('the document of a principal is a DID document of its own key', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.close();
    for (const { did, document } of await readPrincipals(url)) {
      const multibase = String(did).slice('did:key:'.length);
      const method = `${did}#${multibase}`;
      expect(JSON.parse(String(document))).toMatchObject({
        '@context': expect.arrayContaining(['https://www.w3.org/ns/did/v1']),
        id: did,
        verificationMethod: [{ id: method, controller: did, publicKeyMultibase: multibase }],
        capabilityDelegation: [method],
        capabilityInvocation: [method],
      });
    }
  });

  test('an organisation comes with one root delegation to the authority: of everything, without an end', async () => {
    const url = await engine.createUrl();
    const { authority, events } = await createAuthority(url);
    const { did } = await authority.execute(createOrganisation, { name: 'globex' });
    const rows = (await readDelegations(url)).filter((row) => row['iss'] === did || row['sub'] === did);
    const { envelope, ...row } = rows[0] ?? {};
    expect(rows).toHaveLength(1);
    expect(row).toEqual({
      iss: did,
      aud: authority.identity.did,
      sub: did,
      cmd: '/',
      pol: '[]',
      nbf: null,
      exp: null,
      is_root: 1,
      is_powerline: 0,
    });
    const delegation = await verifyToken(decodeDelegation(new Uint8Array(envelope as Uint8Array)));
    expect(delegation).toMatchObject({ issuer: did, subject: did, audience: authority.identity.did, expiration: null });
    const principals = await readPrincipals(url);
    expect(principals.filter((each) => each['did'] === did)).toMatchObject([{ kind: 'organisation' }]);
    expect(events).toEqual([]);
    await authority.close();
  });

  test('an organisation that is refused leaves no principal and no delegation', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await expectUntouched(url, () =>
      expectCode('already_exists', () => authority.execute(createOrganisation, { name: 'acme' })),
    );
    await authority.close();
  });

  describe('a database of the first version', () => {
    test('is brought up to date when it is opened, and its principals are made at the next unlock, once', async () => {
      const { url, did, organisations } = await createOld();
      const locked = await openAuthority({ database: url });
      expect(await readPrincipals(url)).toEqual([]);
      expect((await locked.executeFor('globex', showOrganisation, {})).name).toBe('globex');
      await locked.unlock(byRawKey(1));
      await expectSettled(url, did, organisations);
      await expectUntouched(url, async () => {
        locked.lock();
        await locked.unlock(byRawKey(1));
        await (await openUnlocked(url, {}, byRawKey(1))).close();
      });
      expect(await validateAuthority(locked, byRawKey(1))).toMatchObject({ valid: true, organisations: 3 });
      await locked.close();
    });

    test.each([2, 4])('has each principal once, though %i processes unlock it at the same time', async (count) => {
      const { url, did, organisations } = await createOld();
      const outcomes = await raceChildren<string>(unlockScript, Array(count).fill([url]));
      expect(outcomes).toEqual(outcomes.map(() => 'ok'));
      await expectSettled(url, did, organisations);
    });

    test('keeps the time of its principals from the clock', async () => {
      const { url } = await createOld();
      const clock = () => new Date('2026-05-06T07:08:09.123Z');
      await (await openUnlocked(url, { clock }, byRawKey(1))).close();
      const database = await openStore(url);
      const rows = await database.transact('read', ({ kysely }) =>
        kysely.selectFrom('didDocuments').selectAll().execute(),
      );
      await database.close();
      for (const row of rows) expect(row.createdAt).toMatch(iso);
      expect(new Set(rows.map(({ createdAt }) => createdAt))).toEqual(new Set(['2026-05-06T07:08:09.123Z']));
    });

    test('makes all others principals where the key of one organisation was altered', async () => {
      const { url } = await createOld();
      const [row] = await query(
        url,
        `select encrypted_identity_key as sealed from organizations where name = 'initech'`,
      );
      const broken = flipBit(row?.['sealed'] as Uint8Array, 100);
      await query(url, `update organizations set encrypted_identity_key = $1 where name = 'initech'`, [broken]);
      await using authority = await openAuthority({ database: url });
      await authority.unlock(byRawKey(1));
      const issuers = await query(url, 'select iss from ucan_delegations');
      const others = await query(url, `select did from organizations where name <> 'initech' order by did`);
      expect(others.length).toBeGreaterThan(0);
      expect(issuers.map(({ iss }) => iss).toSorted()).toEqual(others.map(({ did }) => did));
    });

    test('whose wrong passphrase is given stays as it is', async () => {
      const { url } = await createOld();
      await using authority = await openAuthority({ database: url });
      await expectCode('wrong_passphrase', () => authority.unlock(byRawKey(2)));
      expect(await readPrincipals(url)).toEqual([]);
    });
  });

  test('organisations that came without a delegation get theirs at the next unlock, once, by the first process', async () => {
    const { url, did, organisations } = await createOld();
    await (await openUnlocked(url, {}, byRawKey(1))).close();
    // What an older program leaves, and nobody has written down: the authority is a principal, and an organisation is
    // not.
    await query(url, "delete from log_effects where table_name in ('ucan_delegations', 'did_documents')");
    await query(url, 'delete from ucan_delegations');
    await query(url, `delete from did_documents where kind = 'organisation'`);
    const [principal] = await readPrincipals(url);
    const { keyAgreement, ...older } = JSON.parse(String(principal?.['document']));
    expect(keyAgreement).toHaveLength(1);
    await query(url, 'update did_documents set document = $1', [JSON.stringify(older)]);
    const outcomes = await raceChildren<string>(unlockScript, Array(4).fill([url]));
    expect(outcomes).toEqual(outcomes.map(() => 'ok'));
    await expectSettled(url, did, organisations);
  });

  async function createOld(): Promise<{ url: string; did: string; organisations: string[] }> {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    for (const name of ['globex', 'initech']) await authority.execute(createOrganisation, { name });
    await signAsOlder(authority);
    await migrateDown(authority.database, 1);
    await authority.close();
    const rows = await query(url, 'select did from organizations');
    return { url, did: authority.identity.did, organisations: rows.map((row) => String(row['did'])) };
  }

  async function expectSettled(url: string, did: string, organisations: readonly string[]): Promise<void> {
    const kinds = (await readPrincipals(url)).map((row) => `${row['kind']} ${row['did']}`).sort();
    expect(kinds).toEqual([`authority ${did}`, ...organisations.map((each) => `organisation ${each}`)].sort());
    const made = (await readDelegations(url)).map((row) => [
      row['iss'],
      row['aud'],
      row['sub'],
      row['cmd'],
      row['exp'],
    ]);
    expect(made.sort()).toEqual(organisations.map((each) => [each, did, each, '/', null]).sort());
  }

  async function expectUntouched(url: string, act: () => Promise<unknown>): Promise<void> {
    const read = async (): Promise<Row[]> => [...(await readPrincipals(url)), ...(await readDelegations(url))];
    const before = await read();
    await act();
    expect(await read()).toEqual(before);
  }
});
