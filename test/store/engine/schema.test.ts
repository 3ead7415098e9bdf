import { beforeAll, describe, expect, test } from 'vitest';
import { createKey, createOrganisation, signPackage } from '../../../src/authority/index.ts';
import { createUuid } from '../../../src/crypto/uuid.ts';
import { findDamage } from '../../../src/store/engine/damage.ts';
import { createAuthority, openStore, query, queryOne } from '../../support/authority.ts';
import { failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const hash = 'ab'.repeat(32);
const time = '2026-01-02T03:04:05.678Z';
const later = '2026-01-03T00:00:00.000Z';
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const bytes = (length: number) => new Uint8Array(length).fill(7);
const id = () => createUuid(new Date());

describe.each(engines)('$name', (engine) => {
  let url: string;
  let acme: string;
  let other: string;

  beforeAll(async () => {
    url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.execute(createOrganisation, { name: 'other' });
    await authority.executeFor('acme', createKey, { name: 'release' });
    await authority.executeFor('acme', signPackage, { hash, name: 'a.wasm', key: 'release', store: true });
    await authority.close();
    acme = String((await queryOne(url, `select id from organizations where name = 'acme'`))['id']);
    other = String((await queryOne(url, `select id from organizations where name = 'other'`))['id']);
  });

  const insertKey = (values: Record<string, unknown> = {}) =>
    insert('signing_keys', {
      id: id(),
      org_id: acme,
      key_name: id(),
      encrypted_private_key: bytes(60),
      public_key: bytes(32),
      key_fingerprint: hash,
      created_at: time,
      revoked_at: null,
      ...values,
    });
  const insertTrust = (values: Record<string, unknown> = {}) =>
    insert('trusted_keys', {
      id: id(),
      org_id: acme,
      key_fingerprint: id().padEnd(64, '0'),
      public_key: bytes(32),
      key_name: 'a-key',
      trusted_at: time,
      revoked_at: null,
      ...values,
    });
  const insertAcl = (values: Record<string, unknown> = {}) =>
    insert('key_trust_acls', {
      id: id(),
      parent_org_id: acme,
      child_org_id: other,
      granted_at: time,
      revoked_at: null,
      ...values,
    });
  const insertSignature = (values: Record<string, unknown> = {}) =>
    insert('package_signatures', {
      id: id(),
      package_hash: id().padEnd(64, '0'),
      key_fingerprint: hash,
      signature: bytes(64),
      signed_at: time,
      format: 'dsse',
      statement: bytes(1),
      expires_at: null,
      superseded_at: null,
      ...values,
    });

  async function insert(table: string, values: Record<string, unknown>): Promise<void> {
    const marks = Object.keys(values).map((_, index) => `$${index + 1}`);
    await query(url, `insert into ${table} (${Object.keys(values)}) values (${marks})`, Object.values(values));
  }

  const refused = async (act: () => Promise<void>) => expect(await failureOf(act)).toBeInstanceOf(Error);

  test('every index has its name', async () => {
    const sql =
      engine.name === 'sqlite'
        ? `select name from sqlite_schema where type = 'index' and sql is not null`
        : `select indexname as name from pg_indexes where schemaname = 'public' and indexname ~ '^(idx|uq)_'`;
    expect((await query(url, sql)).map((row) => row['name']).sort()).toEqual([
      'idx_log_effects_row',
      'idx_signatures_hash',
      'idx_signatures_key',
      'idx_signing_keys_fingerprint',
      'idx_signing_keys_org',
      'idx_trust_acls_child',
      'idx_trust_acls_parent',
      'idx_trusted_keys_fingerprint',
      'idx_trusted_keys_org',
      'idx_ucan_delegations_aud',
      'idx_ucan_delegations_aud_about',
      'idx_ucan_delegations_aud_powerline',
      'idx_ucan_delegations_cid',
      'idx_ucan_delegations_cmd',
      'idx_ucan_delegations_did_id',
      'idx_ucan_delegations_exp',
      'idx_ucan_delegations_iss',
      'idx_ucan_delegations_iss_about',
      'idx_ucan_delegations_iss_powerline',
      'idx_ucan_delegations_sub',
      'idx_ucan_invocations_cid',
      'idx_ucan_invocations_cmd',
      'idx_ucan_invocations_iss',
      'idx_ucan_invocations_sub',
      'idx_ucan_revocations_delegation_cid',
      'idx_ucan_revocations_revoked_by',
      'uq_package_signatures_active',
      'uq_signing_keys_active',
      'uq_trust_acls_active',
      'uq_trusted_keys_active',
    ]);
  });

  test('a key name is unique among the active keys of its organisation alone', async () => {
    await insertKey({ key_name: 'unique' });
    await refused(() => insertKey({ key_name: 'unique' }));
    await insertKey({ key_name: 'unique', revoked_at: later });
    await insertKey({ key_name: 'unique', revoked_at: later });
    await insertKey({ key_name: 'unique', org_id: other });
  });

  test('a trusted fingerprint is unique among the active ones of its organisation alone', async () => {
    const key_fingerprint = '11'.repeat(32);
    await insertTrust({ key_fingerprint });
    await refused(() => insertTrust({ key_fingerprint }));
    await insertTrust({ key_fingerprint, revoked_at: later });
    await insertTrust({ key_fingerprint, revoked_at: later });
    await insertTrust({ key_fingerprint, org_id: other });
  });

  test('an ACL is unique among the active ones of its parent and child, in that direction', async () => {
    await insertAcl();
    await refused(() => insertAcl());
    await insertAcl({ revoked_at: later });
    await insertAcl({ revoked_at: later });
    await insertAcl({ parent_org_id: other, child_org_id: acme });
  });

  test('a signature is active once, and those by one key under several names stand beside each other', async () => {
    const package_hash = '22'.repeat(32);
    await insertSignature({ package_hash });
    await refused(() => insertSignature({ package_hash }));
    await insertSignature({ package_hash, superseded_at: later });
    await insertSignature({ package_hash, superseded_at: later });
    await insertSignature({ package_hash, format: 'v1' });
    await insertSignature({ package_hash, package_name: 'b.wasm', signature: Buffer.alloc(64, 8) });
    await insertSignature({ package_hash, key_fingerprint: '33'.repeat(32) });
  });

  test('the name and the DID of an organisation are unique', async () => {
    const copy = (values: string) =>
      query(
        url,
        `insert into organizations (id, name, did, encrypted_identity_key, created_at)
         select ${values}, encrypted_identity_key, created_at from organizations where name = 'acme'`,
        [id()],
      );
    const param = engine.name === 'sqlite' ? '$1' : '$1::uuid';
    await expect(copy(`${param}, 'acme', 'did:key:other'`)).rejects.toThrow();
    await expect(copy(`${param}, 'copy', did`)).rejects.toThrow();
  });

  test('there is one authority row at most', async () => {
    const columns = 'version, master_public_key, algorithm, derivation_method, created_at, statement, signature';
    for (const second of [1, 2]) {
      await expect(
        query(url, `insert into authority (id, ${columns}) select ${second}, ${columns} from authority`),
      ).rejects.toThrow();
    }
  });

  test.each<[string, () => Promise<void>]>([
    ['a sealed key of 59 bytes', () => insertKey({ encrypted_private_key: bytes(59) })],
    ['a sealed key of 61 bytes', () => insertKey({ encrypted_private_key: bytes(61) })],
    ['a public key of 31 bytes', () => insertKey({ public_key: bytes(31) })],
    ['a fingerprint of 63 characters', () => insertKey({ key_fingerprint: 'a'.repeat(63) })],
    ['a fingerprint of 65 characters', () => insertKey({ key_fingerprint: 'a'.repeat(65) })],
    ['an empty key name', () => insertKey({ key_name: '' })],
    ['a key name of 256 characters', () => insertKey({ key_name: 'a'.repeat(256) })],
    ['a key of no organisation', () => insertKey({ org_id: id() })],
    ['a trusted public key of 33 bytes', () => insertTrust({ public_key: bytes(33) })],
    ['a trusted fingerprint of 63 characters', () => insertTrust({ key_fingerprint: 'a'.repeat(63) })],
    ['an empty name of a trusted key', () => insertTrust({ key_name: '' })],
    ['an ACL of an organisation with itself', () => insertAcl({ parent_org_id: other, revoked_at: later })],
    ['an ACL with no organisation', () => insertAcl({ child_org_id: id(), revoked_at: later })],
    ['a signature of 63 bytes', () => insertSignature({ signature: bytes(63) })],
    ['a package hash of 63 characters', () => insertSignature({ package_hash: 'a'.repeat(63) })],
    ['a signature of an unknown format', () => insertSignature({ format: 'v2' })],
  ])('%s is refused', async (_, act) => {
    // The same row passes without its fault, so that the fault is what is refused.
    await insertKey();
    await insertTrust();
    await insertSignature();
    await withForeignKeys(act);
  });

  async function withForeignKeys(act: () => Promise<void>): Promise<void> {
    if (engine.name === 'postgres') return void (await refused(act));
    // A statement past the store checks no references on SQLite: these two are tested through it.
    const database = await openStore(url);
    const before = await database.transact('read', findDamage);
    const failure = await failureOf(act);
    if (failure === undefined)
      expect((await database.transact('read', findDamage)).length).toBeGreaterThan(before.length);
    else expect(failure).toBeInstanceOf(Error);
    await database.close();
  }

  test('times come back as RFC 3339 in UTC with milliseconds, and bytes as bytes', async () => {
    const database = await openStore(url);
    const rows = await database.transact('read', async ({ kysely }) => ({
      key: await kysely.selectFrom('signingKeys').selectAll().where('keyName', '=', 'release').executeTakeFirst(),
      signature: await kysely
        .selectFrom('packageSignatures')
        .selectAll()
        .where('packageHash', '=', hash)
        .executeTakeFirst(),
      authority: await kysely.selectFrom('authority').selectAll().executeTakeFirst(),
      revoked: await kysely.selectFrom('trustedKeys').selectAll().where('revokedAt', '=', later).executeTakeFirst(),
    }));
    await database.close();
    for (const at of [rows.key?.createdAt, rows.signature?.signedAt, rows.authority?.createdAt])
      expect(at).toMatch(iso);
    expect(rows.key?.revokedAt).toBeNull();
    expect(rows.key?.encryptedPrivateKey).toBeInstanceOf(Uint8Array);
    expect(rows.key?.encryptedPrivateKey).toHaveLength(60);
    expect(rows.revoked).toMatchObject({ trustedAt: time, revokedAt: later });
  });
});
