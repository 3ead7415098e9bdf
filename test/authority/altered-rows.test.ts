import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../src/authority/audit/database/audit-database.ts';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  openAuthority,
  revokeAcl,
  revokeKey,
  rotateKey,
  setPolicy,
  signPackage,
} from '../../src/authority/index.ts';
import { createAuthority, pathOf, query, queryOne } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines, type TestEngine } from '../support/engines.ts';
import { dropReferences } from '../support/mutations.ts';

const hash = 'ab'.repeat(32);
const early = "'2001-01-01T00:00:00.000Z'";
const revived = 'revoked_at = null, revocation_reason = null, effective_at = null, effective_index = null';
const [sqlite, postgres] = engines as [TestEngine, TestEngine];

// An attacker with write access alters a row, and waits for a command that writes it anew and so legitimises it.
describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;

  beforeEach(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url));
    await authority.execute(createOrganisation, { name: 'globex' });
    await authority.executeFor('acme', createKey, { name: 'release' });
  });

  afterEach(() => authority.close());

  /** Requires that a command is refused, and that nothing of it is written. */
  async function expectNothingDone(act: () => Promise<unknown>): Promise<void> {
    const before = await queryOne(url, 'select size, generation from log_head');
    await expectCode('log_tampered', act);
    expect(await queryOne(url, 'select size, generation from log_head')).toEqual(before);
    const { findings } = await auditDatabase(authority);
    expect(findings.list).toContainEqual(expect.objectContaining({ kind: 'row' }));
  }

  test.each<[string, () => Promise<unknown>]>([
    ['signs', () => authority.executeFor('acme', signPackage, { hash, name: 'a.bin', key: 'spare' })],
    ['is exported', () => authority.executeFor('acme', exportKey, { name: 'spare' })],
    ['is rotated', () => authority.executeFor('acme', rotateKey, { name: 'spare' })],
    ['is revoked', () => authority.executeFor('acme', revokeKey, { name: 'spare' })],
  ])('a signing key that was revoked, and is said not to be, never again %s', async (_, act) => {
    await authority.executeFor('acme', createKey, { name: 'spare', trusted: false });
    await authority.executeFor('acme', revokeKey, { name: 'spare', reason: 'compromised' });
    await query(url, `update signing_keys set ${revived} where key_name = 'spare'`);
    await expectNothingDone(act);
  });

  test('nor is it trusted by anybody', async () => {
    await authority.executeFor('acme', createKey, { name: 'spare', trusted: false });
    const { public_key } = await authority.executeFor('acme', exportKey, { name: 'spare' });
    await authority.executeFor('acme', revokeKey, { name: 'spare', reason: 'compromised' });
    await query(url, `update signing_keys set ${revived} where key_name = 'spare'`);
    await expectNothingDone(() => authority.executeFor('globex', addTrust, { public_key }));
  });

  test('a public key that was exchanged in its row is not given out', async () => {
    const { public_key } = await authority.executeFor('acme', exportKey, { name: 'release' });
    await authority.executeFor('globex', createKey, { name: 'other' });
    const other = await queryOne(url, "select public_key, key_fingerprint from signing_keys where key_name = 'other'");
    await query(url, "update signing_keys set public_key = $1, key_fingerprint = $2 where key_name = 'release'", [
      other['public_key'],
      other['key_fingerprint'],
    ]);
    expect(public_key).not.toBe(Buffer.from(other['public_key'] as Buffer).toString('hex'));
    await expectNothingDone(() => authority.executeFor('acme', exportKey, { name: 'release' }));
  });

  test('a principal whose row was removed by hand is not made anew', async () => {
    await authority.executeFor('acme', createKey, { name: 'spare' });
    await dropReferences(url);
    const { did } = await queryOne(url, "select did from organizations where name = 'globex'");
    await query(url, 'delete from did_documents where did = $1', [did]);
    await expectNothingDone(() => authority.executeFor('globex', createKey, { name: 'release' }));
  });

  test('what an organisation allows is not taken over by the change of something else', async () => {
    await query(url, `update organizations set hash_signatures_since = ${early}, created_at = ${early}`);
    await expectNothingDone(() => authority.executeFor('acme', setPolicy, { policy: null }));
  });

  test('nor is the time at which keys of another were accepted by taking that back', async () => {
    await authority.executeFor('globex', grantAcl, { child: 'acme' });
    await query(url, `update key_trust_acls set granted_at = ${early}`);
    await expectNothingDone(() => authority.executeFor('globex', revokeAcl, { child: 'acme' }));
  });

  test('nor is the time of a stored signature by one in its place', async () => {
    const sign = () => authority.executeFor('acme', signPackage, { hash, name: 'a.bin', key: 'release', store: true });
    await sign();
    await query(url, `update package_signatures set signed_at = ${early}`);
    await expectNothingDone(sign);
  });
});

// It comes when all is open already, so that nobody has looked at the tables since.
describe('something in the database that changes what is written stops the command that writes it:', () => {
  test.each<[string, TestEngine, readonly string[]]>([
    [
      'a trigger of SQLite that puts a row back',
      sqlite,
      ['create trigger undo after update on trusted_keys begin update trusted_keys set revoked_at = null; end'],
    ],
    [
      'a trigger of PostgreSQL that writes another row',
      postgres,
      [
        'create function undo() returns trigger language plpgsql as $$ begin new.revoked_at := null; return new; end $$',
        'create trigger undo before update on trusted_keys for each row execute function undo()',
      ],
    ],
  ])('%s', async (_, engine, statements) => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    const before = await query(url, 'select * from trusted_keys');
    for (const statement of statements) await query(url, statement);
    await expectCode('log_tampered', () => authority.executeFor('acme', revokeKey, { name: 'release' }));
    expect(await query(url, 'select * from trusted_keys')).toEqual(before);
    await expectCode('database_corrupt', () => authority.checkpoint());
    await authority.close();
  });

  test('a rule of PostgreSQL that passes over what is written', async () => {
    const url = await postgres.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    await query(url, 'create rule undo as on update to trusted_keys do instead nothing');
    await expectCode('database_corrupt', () => authority.executeFor('acme', revokeKey, { name: 'release' }));
    await authority.close();
  });
});

test('an index of SQLite that says something else than its table is found', async () => {
  const url = await sqlite.createUrl();
  const { authority } = await createAuthority(url);
  await authority.executeFor('acme', createKey, { name: 'release' });
  await authority.executeFor('acme', createKey, { name: 'second' });
  await authority.close();
  using file = new DatabaseSync(pathOf(url), { defensive: false });
  file.exec(`
    create table former as select * from trusted_keys;
    create index former_org on former (org_id);
    delete from former where key_name = 'second';
    pragma writable_schema = on;
    update sqlite_schema set rootpage = (select sum(rootpage) from sqlite_schema where name in ('idx_trusted_keys_org', 'former_org')) - rootpage
    where name in ('idx_trusted_keys_org', 'former_org')`);
  file.close();
  await using reopened = await openAuthority({ database: url });
  const { findings } = await auditDatabase(reopened);
  expect(findings.list).toContainEqual(expect.objectContaining({ kind: 'damage' }));
});
