import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../src/authority/audit/database/audit-database.ts';
import {
  type Authority,
  addTrust,
  attachSignature,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  importLegacyTokens,
  signPackage,
} from '../../src/authority/index.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { digestEffect } from '../../src/log/effect.ts';
import { createAuthority, query, queryOne, type Row } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { digestOf, signLatestLegacy } from '../support/legacy.ts';
import { empower, send } from '../support/outsider.ts';
import { cidOf, revoke, store, storeAtOnce } from '../support/tokens.ts';
import { delegate, type Principal, principal } from '../support/ucan.ts';

const time = '2026-01-02T03:04:05.678Z';
const id = '01890a5d-ac96-774b-bcce-b302099a8059';
const hash = 'ab'.repeat(32);

// Anyone who can write to the tables puts a row where a command is about to write one, and takes it away again later.
describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let alice: Principal;
  let bob: Principal;

  beforeEach(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url));
    [alice, bob] = [await principal('alice'), await principal('bob')];
    await authority.execute(createOrganisation, { name: 'globex' });
    await authority.executeFor('acme', createKey, { name: 'release' });
  });

  afterEach(() => authority.close());

  const countEntries = async () => Number((await queryOne(url, 'select size from log_head'))['size']);
  const listFound = async () => (await auditDatabase(authority)).findings.list;

  async function insert(table: string, row: Row): Promise<void> {
    const marks = Object.keys(row).map((_, at) => `$${at + 1}`);
    await query(url, `insert into ${table} (${Object.keys(row)}) values (${marks})`, Object.values(row));
  }

  /** A row as another authority has it, which has done the same. */
  async function rowElsewhere(table: string, act: (other: Authority) => Promise<unknown>): Promise<Row> {
    const there = await engine.createUrl();
    const { authority: other } = await createAuthority(there, { organisation: 'acme' });
    await act(other);
    await other.close();
    const [row = {}] = await query(there, `select * from ${table} order by id desc limit 1`);
    return row;
  }

  async function expectNothingDone(act: () => Promise<unknown>, code: ErrorCode = 'log_tampered'): Promise<void> {
    const before = await countEntries();
    await expectCode(code, act);
    expect(await countEntries()).toBe(before);
  }

  test('a revocation that was planted is not taken for one that was made', async () => {
    const target = await delegate(alice, bob);
    await store(authority, target);
    const planted = { delegation_cid: cidOf(target), revoked_by: alice.did, invocation_cid: 'zdpuA', revoked_at: time };
    await insert('ucan_revocations', planted);
    await expectNothingDone(() => revoke(authority, alice, target));
    await query(url, 'delete from ucan_revocations');
    expect(await revoke(authority, alice, target)).toMatchObject({ is_new: true });
    expect(await revoke(authority, alice, target, { reason: 'again' })).toMatchObject({ is_new: false });
    expect(await listFound()).toEqual([]);
  });

  test('nor is a delegation, or its principal', async () => {
    const target = await delegate(alice, bob);
    const row = await rowElsewhere('ucan_delegations', (other) => storeAtOnce(other, [target]));
    const { id: didId } = await queryOne(url, 'select id from did_documents order by id limit 1');
    await insert('ucan_delegations', { ...row, id: 1000, did_id: didId });
    await expectNothingDone(() => storeAtOnce(authority, [target]));
    await query(url, 'delete from ucan_delegations where id = 1000');
    await insert('did_documents', { did: bob.did, document: '{}', kind: 'organisation', created_at: time });
    await expectNothingDone(() => storeAtOnce(authority, [target]));
    await query(url, 'delete from did_documents where did = $1', [bob.did]);
    expect(await storeAtOnce(authority, [target])).toMatchObject({ stored: [cidOf(target)] });
    expect(await storeAtOnce(authority, [target])).toMatchObject({ known: [cidOf(target)] });
    expect(await listFound()).toEqual([]);
  });

  test('nor is a token of an older version', async () => {
    const token = await signLatestLegacy(alice, bob);
    const { id: _, ...row } = await rowElsewhere('ucan_legacy_tokens', (other) =>
      other.execute(importLegacyTokens, { tokens: [token] }),
    );
    await insert('ucan_legacy_tokens', row);
    await expectNothingDone(() => authority.execute(importLegacyTokens, { tokens: [token] }));
    await query(url, 'delete from ucan_legacy_tokens where token_digest = $1', [digestOf(token)]);
    for (const counts of [{ imported: 1 }, { known: 1 }]) {
      expect(await authority.execute(importLegacyTokens, { tokens: [token, 'none'] })).toMatchObject(counts);
    }
    expect(await listFound()).toEqual([]);
  });

  test('nor trust in a key, an ACL, a signing key or an organisation', async () => {
    const { public_key, fingerprint } = await authority.executeFor('acme', exportKey, { name: 'release' });
    const [globex, acme] = await query(url, 'select id from organizations order by name desc');
    const trusted = { id, org_id: globex?.['id'], key_fingerprint: fingerprint, trusted_at: time };
    await insert('trusted_keys', { ...trusted, public_key: Buffer.from(public_key, 'hex') });
    await expectNothingDone(() => authority.executeFor('globex', addTrust, { public_key }));
    await query(url, 'delete from trusted_keys where id = $1', [id]);
    await authority.executeFor('globex', addTrust, { public_key });

    await insert('key_trust_acls', { id, parent_org_id: globex?.['id'], child_org_id: acme?.['id'], granted_at: time });
    await expectNothingDone(() => authority.executeFor('globex', grantAcl, { child: 'acme' }));
    await query(url, 'delete from key_trust_acls where id = $1', [id]);
    await authority.executeFor('globex', grantAcl, { child: 'acme' });

    const named = (name: string) => ({ name, trusted: false });
    const key = await rowElsewhere('signing_keys', (other) => other.executeFor('acme', createKey, named('next')));
    await insert('signing_keys', { ...key, org_id: acme?.['id'] });
    await expectNothingDone(() => authority.executeFor('acme', createKey, named('next')));
    await query(url, 'delete from signing_keys where id = $1', [key['id']]);
    await authority.executeFor('acme', createKey, named('next'));

    const organisation = await rowElsewhere('organizations', (other) =>
      other.execute(createOrganisation, { name: 'initech' }),
    );
    await insert('organizations', organisation);
    await expectNothingDone(() => authority.execute(createOrganisation, { name: 'initech' }));
    await query(url, 'delete from organizations where id = $1', [organisation['id']]);
    await authority.execute(createOrganisation, { name: 'initech' });
    expect(await listFound()).toEqual([]);
  });

  test('nor a stored signature', async () => {
    const { signature } = await authority.executeFor('acme', signPackage, { hash, name: 'a.bin', key: 'release' });
    const attach = () => authority.executeFor('acme', attachSignature, { hash, name: 'a.bin', signature });
    await attach();
    const row = await queryOne(url, 'select * from package_signatures');
    await query(url, 'update package_signatures set superseded_at = $1', [time]);
    await insert('package_signatures', { ...row, id });
    await expectNothingDone(attach);
    await query(url, 'delete from package_signatures where id = $1', [id]);
    await query(url, 'update package_signatures set superseded_at = null');
    await attach();
    expect(await listFound()).toEqual([]);
  });

  test('a proof that something else stands in the place of is not lost', async () => {
    const outsider = await empower(authority, bob);
    const [proof] = outsider.ofOrganisation;
    const cid = proof ? cidOf(proof) : '';
    const args = { name: 'of-bob', trusted: false };
    const ask = async () => send(authority, await outsider.signFor({ command: '/key/create', args }));
    await insert('ucan_proofs', { cid, envelope: Buffer.from('something else') });
    await expectNothingDone(ask, 'database_corrupt');
    await query(url, 'delete from ucan_proofs where cid = $1', [cid]);
    await ask();
    expect(await listFound()).toEqual([]);
  });

  test('an audit names an act without its row, where both the row and its effect were planted and taken away', async () => {
    const target = await delegate(alice, bob);
    await store(authority, target);
    const key = `${cidOf(target)} ${alice.did}`;
    const row = { delegation_cid: cidOf(target), revoked_by: alice.did, invocation_cid: 'zdpuA', revoked_at: time };
    const salt = new Uint8Array(16);
    const digest = Buffer.from(digestEffect(salt, { table: 'ucan_revocations', key, row }));
    const place = { entry_index: 0, position: 10_000, table_name: 'ucan_revocations', row_key: key };
    await insert('ucan_revocations', row);
    await insert('log_effects', { ...place, salt: Buffer.from(salt), digest });
    const index = await countEntries();
    expect(await revoke(authority, alice, target)).toMatchObject({ is_new: false });
    await query(url, 'delete from ucan_revocations');
    await query(url, 'delete from log_effects where position = 10000');
    expect(await listFound()).toEqual([
      { kind: 'row', table: 'ucan_revocations', key, index, message: expect.stringContaining('executed') },
    ]);
  });
});
