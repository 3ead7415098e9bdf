import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDamage } from '../../src/store/engine/damage.ts';
import type { Database } from '../../src/store/engine/database.ts';
import type { DidDocumentRow, LegacyTokenRow, PrincipalKind } from '../../src/store/engine/schema.ts';
import { findDidDocument, insertDidDocuments, listDidIds } from '../../src/store/tables/did-documents.ts';
import { insertLegacyToken } from '../../src/store/tables/ucan-legacy-tokens.ts';
import { openStore, query, queryOne } from '../support/authority.ts';
import { failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { rowTime } from '../support/tokens.ts';

const most = Number.MAX_SAFE_INTEGER;
const kinds: readonly PrincipalKind[] = ['authority', 'organisation', 'person', 'device', 'job', 'stranger'];

describe.each(engines)('$name', (engine) => {
  let url: string;
  let database: Database;
  let principal: number;
  let count = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    database = await openStore(url, true);
    await insertDids([didRow('did:key:first')]);
    principal = Number((await queryOne(url, 'select id from did_documents'))['id']);
  });

  afterAll(() => database.close());

  const unique = () => `value-${++count}`;
  const digest = () => unique().padEnd(64, '0');
  const didRow = (did: string, changes: Partial<DidDocumentRow> = {}): DidDocumentRow => ({
    did,
    document: JSON.stringify({ id: did }),
    kind: 'stranger',
    createdAt: rowTime,
    ...changes,
  });
  const insertDids = (rows: readonly DidDocumentRow[]) =>
    database.transact('write', (transaction) => insertDidDocuments(transaction, rows));
  const insertDid = (values: object = {}) =>
    insert('did_documents', { did: unique(), document: '{}', kind: 'person', created_at: rowTime, ...values });
  const insertDelegation = (values: object = {}) =>
    insert('ucan_delegations', {
      did_id: principal,
      cid: unique(),
      envelope: new Uint8Array(1),
      iss: 'a',
      aud: 'b',
      cmd: '/',
      is_root: 0,
      is_powerline: 1,
      created_at: rowTime,
      ...values,
    });
  const insertInvocation = (values: object = {}) =>
    insert('ucan_invocations', {
      did_id: principal,
      cid: unique(),
      payload_digest: digest(),
      envelope: new Uint8Array(1),
      iss: 'a',
      sub: 'b',
      cmd: '/',
      created_at: rowTime,
      ...values,
    });
  const insertRevocation = (values: object = {}) =>
    insert('ucan_revocations', {
      delegation_cid: unique(),
      revoked_by: 'a',
      invocation_cid: 'c',
      revoked_at: rowTime,
      ...values,
    });
  const insertLegacy = (values: object = {}) =>
    insert('ucan_legacy_tokens', {
      token_digest: digest(),
      raw_token: 'e30.e30.',
      version: '0.8.1',
      iss: 'a',
      aud: 'b',
      created_at: rowTime,
      ...values,
    });

  // By a connection that checks references, as the store's own does.
  async function insert(table: string, values: object): Promise<void> {
    const names = Object.keys(values);
    const marks = names.map((_, index) => `$${index + 1}`);
    await query(url, `insert into ${table} (${names}) values (${marks})`, Object.values(values));
  }

  test('a policy is empty unless it is said, and so are proofs', async () => {
    await insertDelegation({ cid: 'default-policy' });
    await insertInvocation({ cid: 'default-proofs' });
    const [delegation] = await query(
      url,
      `select pol, sub, nbf, exp from ucan_delegations where cid = 'default-policy'`,
    );
    const [invocation] = await query(url, `select prf, aud, exp from ucan_invocations where cid = 'default-proofs'`);
    expect(delegation).toEqual({ pol: '[]', sub: null, nbf: null, exp: null });
    expect(invocation).toEqual({ prf: '[]', aud: null, exp: null });
  });

  test.each<[string, (values: object) => Promise<void>, object]>([
    ['the DID of a principal', insertDid, { did: 'did:key:same' }],
    ['the CID of a delegation', insertDelegation, { cid: 'same' }],
    ['the CID of an invocation', insertInvocation, { cid: 'same' }],
    ['the payload of an invocation', insertInvocation, { payload_digest: 'd'.repeat(64) }],
    ['the revoker of a delegation', insertRevocation, { delegation_cid: 'same', revoked_by: 'same' }],
    ['the digest of an old token', insertLegacy, { token_digest: 'd'.repeat(64) }],
  ])('%s is unique', async (_, act, values) => {
    await act(values);
    expect(await failureOf(() => act(values))).toBeInstanceOf(Error);
    await act({});
  });

  test.each<[string, () => Promise<void>]>([
    ['a principal of an unknown kind', () => insertDid({ kind: 'admin' })],
    ['a principal without a document', () => insertDid({ document: null })],
    ['a delegation that is half a root', () => insertDelegation({ is_root: 2 })],
    ['a delegation that is half a powerline', () => insertDelegation({ is_powerline: -1 })],
    ['a delegation without an envelope', () => insertDelegation({ envelope: null })],
    ['a delegation without an audience', () => insertDelegation({ aud: null })],
    ['an invocation without a subject', () => insertInvocation({ sub: null })],
    ['an invocation with a cut digest', () => insertInvocation({ payload_digest: 'd'.repeat(63) })],
    ['a revocation of nothing', () => insertRevocation({ delegation_cid: null })],
    ['a revocation by nobody', () => insertRevocation({ revoked_by: null })],
    ['an old token with a long digest', () => insertLegacy({ token_digest: 'd'.repeat(65) })],
  ])('%s is refused', async (_, act) => {
    for (const good of [insertDid, insertDelegation, insertInvocation, insertRevocation, insertLegacy]) await good();
    expect(await failureOf(act)).toBeInstanceOf(Error);
  });

  test('a principal with tokens cannot be removed', async () => {
    await insertDelegation();
    const remove = () =>
      database.transact('write', ({ kysely }) =>
        kysely.deleteFrom('didDocuments').where('id', '=', principal).execute(),
      );
    expect(await failureOf(remove)).toBeInstanceOf(Error);
    expect(await database.transact('read', findDamage)).toEqual([]);
  });

  test('principals are found by their DIDs, and one that is known stays as it is', async () => {
    const rows = kinds.map((kind) => didRow(`did:key:${kind}`, { kind }));
    await insertDids(rows);
    await insertDids([didRow('did:key:person', { kind: 'stranger', document: '{}' }), didRow('did:key:new')]);
    await insertDids([]);
    const read = (did: string) => database.transact('read', (transaction) => findDidDocument(transaction, did));
    for (const row of rows) expect(await read(row.did)).toEqual(row);
    expect(await read('did:key:nobody')).toBeUndefined();
    const asked = ['did:key:new', 'did:key:job', 'did:key:nobody'];
    const ids = await database.transact('read', (transaction) => listDidIds(transaction, asked));
    expect([...ids.keys()].sort()).toEqual(['did:key:job', 'did:key:new']);
    expect(new Set(ids.values()).size).toBe(2);
    expect(await database.transact('read', (transaction) => listDidIds(transaction, []))).toEqual(new Map());
  });

  test('an old token is kept once, with times of 53 bits', async () => {
    const row: LegacyTokenRow = {
      tokenDigest: digest(),
      rawToken: 'e30.e30.c2ln',
      version: '0.9.0',
      iss: 'did:key:a',
      aud: 'did:key:b',
      exp: most,
      nbf: most - 1,
      reissuedCid: null,
      createdAt: rowTime,
    };
    const add = (changes: object = {}) =>
      database.transact('write', (transaction) => insertLegacyToken(transaction, { ...row, ...changes }));
    expect([await add(), await add({ version: '0.8.0' })]).toEqual([true, false]);
    const [stored] = await database.transact('read', ({ kysely }) =>
      kysely.selectFrom('ucanLegacyTokens').selectAll().where('tokenDigest', '=', row.tokenDigest).execute(),
    );
    expect(stored).toMatchObject(row);
  });
});
