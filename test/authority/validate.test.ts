import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createKey,
  createOrganisation,
  openAuthority,
  signPackage,
  validateAuthority,
} from '../../src/authority/index.ts';
import { generateSeed, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import { encodeEd25519DidKey } from '../../src/did/did-key.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { byRawKey, createAuthority, openUnlocked, pathOf, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder, engines } from '../support/engines.ts';
import { keepRows } from '../support/tables.ts';
import { flipBit } from '../support/vectors.ts';

const hash = 'ab'.repeat(32);
const bytes = (value: unknown) => value as Uint8Array;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let otherKey: Uint8Array;

  beforeAll(async () => {
    url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.execute(createOrganisation, { name: 'globex' });
    await authority.executeFor('acme', createKey, { name: 'one' });
    await authority.executeFor('acme', createKey, { name: 'two' });
    await authority.executeFor('globex', createKey, { name: 'one' });
    await authority.close();
    using seed = generateSeed();
    otherKey = await publicKeyOf(seed);
  });

  test('a whole database is valid, and what was checked is counted', async () => {
    await using authority = await openAuthority({ database: url });
    const counts = {
      valid: true,
      key_slots: 1,
      organisations: 2,
      signing_keys: 3,
      trusted_keys: 3,
      trust_snapshots: 5,
      delegations: 2,
      revocations: 0,
      rows_checked: true,
      deleted_is_erased: true,
    };
    expect(await validateAuthority(authority)).toEqual({ ...counts, sealed_keys_opened: false });
    expect(await validateAuthority(authority, byRawKey(1))).toEqual({ ...counts, sealed_keys_opened: true });
    expect(authority.locked).toBe(true);
  });

  test('a wrong credential validates nothing', async () => {
    await using authority = await openAuthority({ database: url });
    await expectCode('wrong_passphrase', () => validateAuthority(authority, byRawKey(2)));
  });

  describe('without a credential it finds', () => {
    test.each<[string, string, string, () => unknown]>([
      ["a signing key's altered fingerprint", 'signing_keys', 'key_fingerprint', () => 'ab'.repeat(32)],
      ["a trusted key's altered fingerprint", 'trusted_keys', 'key_fingerprint', () => 'ab'.repeat(32)],
      ["a signing key's swapped public key", 'signing_keys', 'public_key', () => otherKey],
      ["a trusted key's swapped public key", 'trusted_keys', 'public_key', () => otherKey],
      ['a public key that is no point', 'signing_keys', 'public_key', () => new Uint8Array(32).fill(255)],
      ['a trusted key that is no point', 'trusted_keys', 'public_key', () => new Uint8Array(32).fill(255)],
      ['a trusted key of small order', 'trusted_keys', 'public_key', () => new Uint8Array(32)],
    ])('%s', async (_, table, column, value) => {
      await withAltered(table, column, value(), () => expectInvalid('database_corrupt'));
    });

    test.each<[string, string, string, () => unknown]>([
      ['a renamed signing key', 'signing_keys', 'key_name', () => 'renamed'],
      [
        'an organisation that was made at another time',
        'organizations',
        'created_at',
        () => '2020-01-01T00:00:00.000Z',
      ],
      ['a principal of another kind', 'did_documents', 'kind', () => 'stranger'],
    ])('%s, by the log', async (_, table, column, value) => {
      await withAltered(table, column, value(), () => expectInvalid('log_tampered'));
    });

    test('a row that is missing, and one that nobody wrote', async () => {
      const putBack = await keepRows(url);
      await query(url, 'delete from ucan_delegations where id = (select max(id) from ucan_delegations)');
      await expectInvalid('log_tampered');
      await putBack();
      await query(
        url,
        `update did_documents set did = 'did:key:other' where did = (select min(did) from did_documents)`,
      );
      await expectInvalid('log_tampered');
      await putBack();
    });

    test('a damaged slot', async () => {
      const [row] = await query(url, 'select salt from key_slots');
      await query(url, 'update key_slots set salt = $1', [flipBit(bytes(row?.['salt']), 0)]);
      await expectInvalid('slot_damaged');
      await query(url, 'update key_slots set salt = $1', [row?.['salt']]);
    });
  });

  describe('with a credential it finds', () => {
    test('sealed keys that were swapped between two rows, and neither signs', async () => {
      await swapping('signing_keys', 'encrypted_private_key', `key_name in ('one', 'two')`, async () => {
        await expectInvalid('database_corrupt', true);
        await using authority = await openUnlocked(url, {}, byRawKey(1));
        for (const key of ['one', 'two']) {
          const sign = () => authority.executeFor('acme', signPackage, { hash, name: 'a', key, store: true });
          await expectCode('log_tampered', sign);
        }
        expect(await query(url, 'select id from package_signatures')).toEqual([]);
      });
    });

    test('a signing key whose whole row was moved to another organisation, which cannot sign with it', async () => {
      const [row] = await query(url, `select id, org_id from signing_keys where key_name = 'two'`);
      await query(
        url,
        `update signing_keys set org_id = (select id from organizations where name = 'globex') where key_name = 'two'`,
      );
      await expectInvalid('database_corrupt', true);
      await using authority = await openUnlocked(url, {}, byRawKey(1));
      await expectCode('log_tampered', () =>
        authority.executeFor('globex', signPackage, { hash, name: 'a', key: 'two' }),
      );
      await query(url, `update signing_keys set org_id = $1 where key_name = 'two'`, [row?.['org_id']]);
    });

    test('identity keys that were swapped between two organisations', async () => {
      await swapping('organizations', 'encrypted_identity_key', `name in ('acme', 'globex')`, () =>
        expectInvalid('database_corrupt', true),
      );
    });

    test('a sealed key with one bit turned', async () => {
      const [row] = await query(url, `select encrypted_private_key as sealed from signing_keys where key_name = 'two'`);
      const write = (sealed: unknown) =>
        query(url, `update signing_keys set encrypted_private_key = $1 where key_name = 'two'`, [sealed]);
      for (const bit of [0, 200, 479]) {
        await write(flipBit(bytes(row?.['sealed']), bit));
        await expectInvalid('database_corrupt', true);
      }
      await write(row?.['sealed']);
    });

    test('a public key that was exchanged together with its fingerprint', async () => {
      const [row] = await query(url, `select public_key, key_fingerprint from signing_keys where key_name = 'two'`);
      const write = (publicKey: unknown, fingerprint: unknown) =>
        query(url, `update signing_keys set public_key = $1, key_fingerprint = $2 where key_name = 'two'`, [
          publicKey,
          fingerprint,
        ]);
      await write(otherKey, fingerprintOf(otherKey as Parameters<typeof fingerprintOf>[0]));
      await expectInvalid('database_corrupt', true);
      await write(row?.['public_key'], row?.['key_fingerprint']);
    });

    test("an organisation's exchanged DID", async () => {
      const did = encodeEd25519DidKey(otherKey as Parameters<typeof encodeEd25519DidKey>[0]);
      await withAltered('organizations', 'did', did, () => expectInvalid('database_corrupt', true));
    });

    test.each(['did:key:z6MkNothing', 'did:web:example.org', ''])('an organisation whose DID is "%s"', async (did) => {
      await withAltered('organizations', 'did', did, () => expectInvalid('database_corrupt', true));
    });
  });

  describe('of what is trusted it finds', () => {
    test('a row that nobody has signed', async () => {
      await withAltered('trusted_keys', 'key_name', 'other', () => expectInvalid('trust_tampered'));
    });

    test('an older snapshot that was edited, and one that is missing', async () => {
      const [row] = await query(url, 'select * from trust_snapshots where version = 2 order by id limit 1');
      const payload = flipBit(bytes(row?.['payload']), 100);
      const write = (value: unknown) =>
        query(url, 'update trust_snapshots set payload = $1 where id = $2', [value, row?.['id']]);
      await write(payload);
      await expectInvalid('trust_tampered');
      await write(row?.['payload']);
      await query(url, 'delete from trust_snapshots where id = $1', [row?.['id']]);
      await expectInvalid('database_corrupt');
      const names = Object.keys(row ?? {});
      const marks = names.map((_, index) => `$${index + 1}`);
      await query(url, `insert into trust_snapshots (${names}) values (${marks})`, Object.values(row ?? {}));
      await using authority = await openAuthority({ database: url });
      expect(await validateAuthority(authority)).toMatchObject({ valid: true });
    });
  });

  async function expectInvalid(code: ErrorCode, unlocked = false): Promise<void> {
    await using authority = await openAuthority({ database: url });
    if (!unlocked) await expectCode(code, () => validateAuthority(authority));
    await expectCode(code, () => validateAuthority(authority, byRawKey(1)));
  }

  // Alters the first row of a table by id, and restores it after.
  async function withAltered(table: string, column: string, value: unknown, act: () => Promise<void>): Promise<void> {
    const [row] = await query(url, `select id, ${column} from ${table} order by id limit 1`);
    await query(url, `update ${table} set ${column} = $1 where id = $2`, [value, row?.['id']]);
    try {
      await act();
    } finally {
      await query(url, `update ${table} set ${column} = $1 where id = $2`, [row?.[column], row?.['id']]);
    }
  }

  // Exchanges a column between the first two rows that match, and exchanges them back after.
  async function swapping(table: string, column: string, where: string, act: () => Promise<void>): Promise<void> {
    const rows = await query(url, `select id, ${column} from ${table} where ${where} order by id limit 2`);
    const write = async (one: unknown, two: unknown) => {
      await query(url, `update ${table} set ${column} = $1 where id = $2`, [one, rows[0]?.['id']]);
      await query(url, `update ${table} set ${column} = $1 where id = $2`, [two, rows[1]?.['id']]);
    };
    await write(rows[1]?.[column], rows[0]?.[column]);
    try {
      await act();
    } finally {
      await write(rows[0]?.[column], rows[1]?.[column]);
    }
  }
});

describe('SQLite', () => {
  test('a page that was overwritten is found', async () => {
    const url = `sqlite:${await createTempFolder()}/hanaper.db`;
    const { authority } = await createAuthority(url);
    for (let count = 0; count < 30; count++) await authority.executeFor('acme', createKey, { name: `key-${count}` });
    await authority.close();
    const [index] = await query(url, `select rootpage from sqlite_schema where name = 'idx_signing_keys_fingerprint'`);
    const whole = readFileSync(pathOf(url));
    const start = (Number(index?.['rootpage']) - 1) * 4096;
    writeFileSync(pathOf(url), Buffer.from(whole).fill(0x55, start + 100, start + 4096));
    await using damaged = await openAuthority({ database: url });
    await expectCode('database_corrupt', () => validateAuthority(damaged));
  });

  test('a reference to a row that is missing is found', async () => {
    const url = `sqlite:${await createTempFolder()}/hanaper.db`;
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    await authority.close();
    await query(url, `delete from organizations where name = 'acme'`);
    await using damaged = await openAuthority({ database: url });
    const error = await expectCode('database_corrupt', () => validateAuthority(damaged));
    expect(error.details).toHaveProperty('damage');
  });
});
