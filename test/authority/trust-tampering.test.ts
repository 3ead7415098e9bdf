import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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
  revokeTrust,
} from '../../src/authority/index.ts';
import { generateSeed, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import type { HanaperError } from '../../src/errors.ts';
import { byRawKey, createAuthority, openUnlocked, query, queryOne, type Row } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { signAsOlder } from '../support/older.ts';

const hash = 'ab'.repeat(32);
const times = `'2026-01-01T00:00:00.000Z'`;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let org: string;
  let child: string;
  let other: string;
  let count = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url));
  });

  // `org` accepts the keys of `child`, and trusts a vendor's key besides its own.
  beforeEach(async () => {
    [org, child, other] = [await newOrganisation(), await newOrganisation(), await newOrganisation()];
    for (const name of [org, child, other]) await authority.executeFor(name, createKey, { name: 'release' });
    await authority.executeFor(org, createKey, { name: 'old' });
    await authority.executeFor(org, revokeKey, { name: 'old' });
    await authority.executeFor(org, grantAcl, { child });
  });

  afterAll(() => authority.close());

  async function newOrganisation(): Promise<string> {
    count += 1;
    return (await authority.execute(createOrganisation, { name: `org-${count}` })).name;
  }

  const trustOf = async (name: string) => (await authority.trustFor({ organisation: name, packageHash: hash })).keys;
  const idOf = async (name: string) =>
    (await queryOne(url, 'select id from organizations where name = $1', [name]))['id'];
  const rowOf = async (table: string, name: string, more = ''): Promise<Row> =>
    queryOne(url, `select * from ${table} where org_id = $1 ${more}`, [await idOf(name)]);

  async function insert(table: string, row: Row): Promise<void> {
    const names = Object.keys(row);
    const marks = names.map((_, index) => `$${index + 1}`);
    await query(url, `insert into ${table} (${names}) values (${marks})`, Object.values(row));
  }

  async function newKey(): Promise<Row> {
    using seed = generateSeed();
    const publicKey = await publicKeyOf(seed);
    return { public_key: publicKey, key_fingerprint: fingerprintOf(publicKey) };
  }

  async function expectTampered(name: string, what: RegExp | string): Promise<HanaperError> {
    const error = await expectCode('trust_tampered', () => trustOf(name));
    const did = (await queryOne(url, 'select did from organizations where name = $1', [name]))['did'];
    expect(error.details).toMatchObject({ organisation: did, what: [expect.stringMatching(what)] });
    return error;
  }

  test('what nobody has touched is trusted as it stands', async () => {
    expect((await trustOf(org)).size).toBe(2);
    expect((await trustOf(child)).size).toBe(1);
  });

  describe('who can write to the database and', () => {
    const active = `and key_name = 'release'`;

    test('adds a key is found out', async () => {
      const row = await rowOf('trusted_keys', org, active);
      const { public_key, key_fingerprint } = await newKey();
      const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'.replace(/.{4}$/, String(1000 + count));
      await insert('trusted_keys', { ...row, id, public_key, key_fingerprint });
      await expectTampered(org, `^key ${String(key_fingerprint)} added$`);
      await query(url, 'delete from trusted_keys where id = $1', [id]);
      expect((await trustOf(org)).size).toBe(2);
    });

    test('adds a key to an organisation whose keys are accepted is found out by both', async () => {
      const row = await rowOf('trusted_keys', child);
      const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398e'.replace(/.{4}$/, String(1000 + count));
      await insert('trusted_keys', { ...row, id, ...(await newKey()) });
      for (const name of [org, child]) await expectTampered(name, /^key \w{64} added$/);
      expect((await trustOf(other)).size).toBe(1);
    });

    test('takes the mark of revocation off both rows of a key is found out', async () => {
      for (const table of ['trusted_keys', 'signing_keys']) {
        await query(url, `update ${table} set revoked_at = null where org_id = $1 and key_name = 'old'`, [
          await idOf(org),
        ]);
      }
      await expectTampered(org, /^key \w{64} no longer revoked$/);
    });

    test('removes a key is found out', async () => {
      await query(url, `delete from trusted_keys where org_id = $1 ${active}`, [await idOf(org)]);
      await expectTampered(org, /^key \w{64} removed$/);
    });

    test.each<[string, string, string]>([
      ['the name', 'trusted_keys', `key_name = 'innocent'`],
      ['the time', 'trusted_keys', `trusted_at = ${times}`],
      [
        'the reason',
        'trusted_keys',
        `revoked_at = ${times}, revocation_reason = 'expired', effective_at = ${times}, effective_index = 5`,
      ],
    ])('changes %s of a key is found out', async (_, table, change) => {
      await query(url, `update ${table} set ${change} where org_id = $1 ${active}`, [await idOf(org)]);
      await expectTampered(org, /^key \w{64} changed$/);
    });

    test('loosens a revocation is found out', async () => {
      await authority.executeFor(org, revokeKey, { name: 'release', reason: 'superseded' });
      for (const table of ['trusted_keys', 'signing_keys']) {
        await query(url, `update ${table} set effective_index = 9999 where org_id = $1 ${active}`, [await idOf(org)]);
      }
      await expectTampered(org, /^key \w{64} changed$/);
    });

    test('gives a key to another owner is found out', async () => {
      await query(url, `update signing_keys set org_id = $1, key_name = 'theirs' where org_id = $2 ${active}`, [
        await idOf(other),
        await idOf(org),
      ]);
      await expectTampered(org, /^key \w{64} changed$/);
    });

    test('adds an ACL is found out', async () => {
      const row = await queryOne(url, 'select * from key_trust_acls where parent_org_id = $1', [await idOf(org)]);
      const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398d'.replace(/.{4}$/, String(1000 + count));
      await insert('key_trust_acls', { ...row, id, parent_org_id: await idOf(org), child_org_id: await idOf(other) });
      await expectTampered(org, /^key \w{64} added$/);
    });

    test('revokes an ACL, or takes that back, is found out', async () => {
      const change = `update key_trust_acls set revoked_at = $1 where parent_org_id = $2`;
      await query(url, change, ['2026-01-01T00:00:00.000Z', await idOf(org)]);
      await expectTampered(org, /^key \w{64} removed$/);
      await query(url, change, [null, await idOf(org)]);
      await authority.executeFor(org, revokeAcl, { child });
      await query(url, change, [null, await idOf(org)]);
      await expectTampered(org, /^key \w{64} added$/);
    });

    test.each<[string, string, RegExp]>([
      ['adds a policy', `'{"version":1,"level":"off","groups":[],"names":[]}'`, /^policy changed$/],
      ['writes what is no policy', `'{'`, /^policy changed$/],
    ])('%s is found out', async (_, policy, what) => {
      await query(url, `update organizations set verification_policy = ${policy} where id = $1`, [await idOf(org)]);
      await expectTampered(org, what);
      await query(url, 'update organizations set verification_policy = null');
    });

    test.each<[string, string]>([
      ['signature', 'signature'],
      ['payload', 'payload'],
    ])('changes the %s of a snapshot is found out', async (_, column) => {
      const row = await rowOf('trust_snapshots', other, 'order by version desc limit 1');
      const bytes = new Uint8Array(row[column] as Uint8Array);
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      await query(url, `update trust_snapshots set ${column} = $1 where id = $2`, [bytes, row['id']]);
      await expectTampered(other, /^signature$/);
    });

    test.each<[string, string]>([
      ['version', 'version = version + 1'],
      ['time', `created_at = ${times}`],
    ])('changes the %s of a snapshot is found out', async (_, change) => {
      const { id } = await rowOf('trust_snapshots', other, 'order by version desc limit 1');
      await query(url, `update trust_snapshots set ${change} where id = $1`, [id]);
      await expectTampered(other, /./);
    });

    test("puts another organisation's snapshot in its place is found out", async () => {
      const theirs = await rowOf('trust_snapshots', child, 'order by version desc limit 1');
      await query(url, 'update trust_snapshots set payload = $1, signature = $2 where org_id = $3', [
        theirs['payload'],
        theirs['signature'],
        await idOf(other),
      ]);
      await expectCode('trust_tampered', () => trustOf(other));
    });

    test('removes the last snapshot, or all of an organisation, is found out', async () => {
      await query(url, 'delete from trust_snapshots where org_id = $1 and version = 2', [await idOf(other)]);
      await expectTampered(other, /^key \w{64} added$/);
      await query(url, 'delete from trust_snapshots where org_id = $1', [await idOf(other)]);
      await expectTampered(other, /^snapshot removed$/);
    });

    test('slips in a key does not have it signed by the next who changes something', async () => {
      const row = await rowOf('trusted_keys', org, active);
      const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398c'.replace(/.{4}$/, String(1000 + count));
      await insert('trusted_keys', { ...row, id, ...(await newKey()) });
      const { public_key } = await authority.executeFor(other, exportKey, { name: 'release' });
      const before = await query(url, 'select id from trust_snapshots');
      const size = await query(url, 'select size from log_head');
      for (const act of [
        () => authority.executeFor(org, createKey, { name: 'next' }),
        () => authority.executeFor(org, addTrust, { public_key }),
        () => authority.executeFor(org, revokeTrust, { fingerprint: String(row['key_fingerprint']) }),
        () => authority.executeFor(org, revokeKey, { name: 'release' }),
        () => authority.executeFor(org, revokeAcl, { child }),
        () => authority.executeFor(child, createKey, { name: 'next' }),
      ]) {
        await expectCode('trust_tampered', act);
      }
      expect(await query(url, 'select id from trust_snapshots')).toEqual(before);
      expect(await query(url, 'select size from log_head')).toEqual(size);
      await query(url, 'delete from trusted_keys where id = $1', [id]);
      await authority.executeFor(org, createKey, { name: 'next' });
    });
  });

  test('who puts older rows back together with the snapshot of their time is not found out by these alone', async () => {
    await authority.executeFor(other, revokeKey, { name: 'release' });
    for (const table of ['trusted_keys', 'signing_keys']) {
      await query(url, `update ${table} set revoked_at = null where org_id = $1`, [await idOf(other)]);
    }
    await query(url, 'delete from trust_snapshots where org_id = $1 and version = 3', [await idOf(other)]);
    expect((await trustOf(other)).size).toBe(1);
  });

  test('who removes every snapshot does not have what stands there signed anew', async () => {
    const own = await engine.createUrl();
    const { authority: opened } = await createAuthority(own);
    await opened.executeFor('acme', createKey, { name: 'release' });
    await opened.close();
    await query(own, 'delete from trust_snapshots');
    await using again = await openUnlocked(own, {}, byRawKey(1));
    expect(await query(own, 'select id from trust_snapshots')).toEqual([]);
    const error = await expectCode('trust_tampered', () => again.trustFor({ packageHash: hash }));
    expect(error.details).toMatchObject({ what: ['snapshot removed'] });
  });

  test('a database of an earlier version is trusted as it stands, and signed when it is unlocked', async () => {
    const own = await engine.createUrl();
    const { authority: opened } = await createAuthority(own);
    await opened.executeFor('acme', createKey, { name: 'release' });
    await signAsOlder(opened);
    await opened.close();
    await query(own, 'delete from trust_snapshots');
    await query(own, `delete from log_effects where table_name = 'trust_snapshots'`);
    await using reading = await openAuthority({ database: own });
    expect((await reading.trustFor({ packageHash: hash })).keys.size).toBe(1);
    await using unlocked = await openUnlocked(own, {}, byRawKey(1));
    expect((await unlocked.trustFor({ packageHash: hash })).keys.size).toBe(1);
    expect((await query(own, 'select version from trust_snapshots')).map(({ version }) => Number(version))).toEqual([
      1,
    ]);
    await unlocked.executeFor('acme', createKey, { name: 'next' });
    expect(await query(own, 'select version from trust_snapshots')).toHaveLength(2);
  });
});
