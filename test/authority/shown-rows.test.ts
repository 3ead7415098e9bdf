import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  listAcls,
  listKeys,
  listOrganisations,
  listPackageSignatures,
  listStoredDelegations,
  listTrust,
  readStatus,
  revokeKey,
  showOrganisation,
  showPolicy,
  signPackage,
} from '../../src/authority/index.ts';
import { createAuthority, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { dropReferences } from '../support/mutations.ts';
import { cidOf, revoke, store } from '../support/tokens.ts';
import { delegate, type Principal, principal } from '../support/ucan.ts';

const hash = 'ab'.repeat(32);
const early = "'2001-01-01T00:00:00.000Z'";
const revived = 'revoked_at = null, revocation_reason = null, effective_at = null, effective_index = null';

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
    for (const name of ['release', 'spare']) await authority.executeFor('acme', createKey, { name });
    await authority.executeFor('globex', grantAcl, { child: 'acme' });
  });

  afterEach(() => authority.close());

  const tables = (document: { readonly altered?: readonly { readonly code: string; readonly table: string }[] }) =>
    (document.altered ?? []).map(({ code, table }) => `${code} ${table}`);
  const keys = () => authority.executeFor('acme', listKeys, {});
  const trust = (of = 'acme') => authority.executeFor(of, listTrust, {});
  const acls = (of = 'acme') => authority.executeFor(of, listAcls, {});

  test('lists of what nobody has altered say nothing more', async () => {
    await authority.executeFor('acme', revokeKey, { name: 'spare', reason: 'compromised' });
    for (const document of [await keys(), await trust(), await trust('globex'), await acls(), await acls('globex')]) {
      expect(document).not.toHaveProperty('altered');
    }
    expect(await authority.execute(listOrganisations, {})).not.toHaveProperty('altered');
    expect(await readStatus({ database: url })).not.toHaveProperty('altered');
  });

  test('a signing key that was revoked, and is said not to be, is marked', async () => {
    await authority.executeFor('acme', revokeKey, { name: 'spare', reason: 'compromised' });
    await query(url, `update signing_keys set ${revived} where key_name = 'spare'`);
    const document = await keys();
    expect(document.keys.map(({ name, altered }) => [name, altered])).toEqual([
      ['spare', true],
      ['release', undefined],
    ]);
    expect(tables(document)).toContain('log_tampered signing_keys');
  });

  test('a key that is gone is told, with its row', async () => {
    const [{ id } = { id: '' }] = (await keys()).keys;
    await query(url, 'delete from signing_keys where id = $1', [id]);
    const { altered } = await keys();
    expect(altered).toContainEqual(expect.objectContaining({ code: 'log_tampered', table: 'signing_keys', key: id }));
  });

  test('trust that was added, altered or removed is told, by the log and by what was signed', async () => {
    await query(url, `update trusted_keys set trusted_at = ${early} where key_name = 'spare'`);
    for (const document of [await trust(), await trust('globex')]) {
      expect(document.keys.filter(({ altered }) => altered).map(({ name }) => name)).toEqual(['spare']);
      expect(tables(document)).toEqual(['log_tampered trusted_keys', 'trust_tampered trust_snapshots']);
    }
    await query(url, "delete from trusted_keys where key_name = 'spare'");
    expect(tables(await trust())).toEqual(['log_tampered trusted_keys', 'trust_tampered trust_snapshots']);
  });

  test('an ACL that was altered or removed is told, to parent and child', async () => {
    await query(url, `update key_trust_acls set revoked_at = ${early}`);
    for (const of of ['acme', 'globex']) {
      const document = await acls(of);
      expect(document.acls).toMatchObject([{ altered: true }]);
      expect(tables(document)).toEqual(['log_tampered key_trust_acls', 'trust_tampered trust_snapshots']);
    }
    await query(url, 'delete from key_trust_acls');
    expect(tables(await acls())).toEqual(['log_tampered key_trust_acls']);
  });

  test('an organisation whose row was altered is marked wherever it is shown', async () => {
    await query(url, `update organizations set hash_signatures_since = ${early} where name = 'acme'`);
    expect((await authority.execute(listOrganisations, {})).organisations).toMatchObject([
      { name: 'acme', altered: true },
      { name: 'globex' },
    ]);
    expect(tables(await authority.executeFor('acme', showOrganisation, {}))).toEqual(['log_tampered organizations']);
    expect(tables(await keys())).toEqual(['log_tampered organizations']);
    expect(tables(await readStatus({ database: url }))).toEqual(['log_tampered organizations']);
  });

  test('a policy that was altered is not shown', async () => {
    await query(url, `update organizations set verification_policy = '{}' where name = 'acme'`);
    await expectCode('trust_tampered', () => authority.executeFor('acme', showPolicy, {}));
  });

  test('a key of the same name that was altered is told beside the one that is shown', async () => {
    await query(url, `update signing_keys set revoked_at = ${early}, key_name = 'release' where key_name = 'spare'`);
    const document = await authority.executeFor('acme', exportKey, { name: 'release' });
    expect(tables(document)).toEqual(['log_tampered signing_keys']);
  });

  test('a stored signature that was altered is told', async () => {
    const args = { hash, name: 'a.bin', key: 'release', store: true };
    await authority.executeFor('acme', signPackage, args);
    expect(await authority.execute(listPackageSignatures, { hash })).not.toHaveProperty('altered');
    await query(url, `update package_signatures set signed_at = ${early}`);
    const document = await authority.execute(listPackageSignatures, { hash });
    expect(tables(document)).toEqual(['log_tampered package_signatures']);
  });

  test('a revocation that was planted or removed is told in the list of delegations', async () => {
    const [one, other] = [await delegate(alice, bob), await delegate(bob, alice)];
    await store(authority, one, other);
    await revoke(authority, alice, one);
    const list = () => authority.execute(listStoredDelegations, { revoked: true });
    expect(await list()).not.toHaveProperty('altered');
    await query(url, 'update ucan_revocations set delegation_cid = $1', [cidOf(other)]);
    expect((await list()).altered).toMatchObject([
      { code: 'log_tampered', table: 'ucan_revocations', key: `${cidOf(other)} ${alice.did}` },
      { code: 'log_tampered', table: 'ucan_revocations', key: `${cidOf(one)} ${alice.did}` },
    ]);
  });

  test('a delegation whose columns were altered is told', async () => {
    await store(authority, await delegate(alice, bob));
    await dropReferences(url);
    await query(url, 'update ucan_delegations set created_at = $1 where iss = $2', [
      '2001-01-01T00:00:00.000Z',
      alice.did,
    ]);
    const document = await authority.execute(listStoredDelegations, { issuer: alice.did });
    expect(tables(document)).toEqual(['log_tampered ucan_delegations']);
  });
});
