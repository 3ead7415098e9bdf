import { beforeAll, describe, expect, test, vi } from 'vitest';
import { openAuthority, readStatus, requireUninitialized, validateAuthority } from '../../src/authority/index.ts';
import type { EventName } from '../../src/events.ts';
import { byPassphrase, byRawKey, initialize, openUnlocked, query, queryOne } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { flipBit } from '../support/vectors.ts';

const derivations = vi.hoisted(() => ({ count: 0 }));

vi.mock('#crypto/argon2', async (original) => {
  const { deriveArgon2id } = await original<typeof import('../../src/crypto/node/argon2.ts')>();
  return {
    deriveArgon2id: (...parameters: Parameters<typeof deriveArgon2id>) => {
      derivations.count++;
      return deriveArgon2id(...parameters);
    },
  };
});

const expensive = JSON.stringify({ memory_kib: 1024 * 1024, passes: 16, lanes: 1 });

describe.each(engines)('$name', (engine) => {
  let url: string;
  let foreign: string;

  beforeAll(async () => {
    [url, foreign] = [await engine.createUrl(), await engine.createUrl()];
    await initialize(url);
    await initialize(foreign);
  });

  describe('an authority row with another', () => {
    const flipped = (value: unknown) => flipBit(value as Uint8Array, 3);
    test.each<[string, (value: unknown) => unknown]>([
      ['version', () => 1],
      ['algorithm', () => 'ed448'],
      ['algorithm', () => ''],
      ['derivation_method', () => 'derived'],
      ['created_at', () => '2020-01-01T00:00:00.000Z'],
      ['created_at', () => (engine.name === 'postgres' ? 'infinity' : 'yesterday')],
      ['created_at', () => (engine.name === 'postgres' ? '0044-03-15 12:00:00+00 BC' : '')],
      ['master_public_key', flipped],
      ['master_public_key', () => new Uint8Array(32)],
      ['master_public_key', () => new Uint8Array(32).fill(255)],
      ['statement', flipped],
      ['statement', () => new Uint8Array(0)],
      ['signature', flipped],
      ['signature', () => new Uint8Array(64)],
    ])('%s is tampered with (%#)', async (column, change) => {
      await withAltered('authority', column, change, async () => {
        await expectCode('authority_tampered', () => openAuthority({ database: url }));
        await expectCode('authority_tampered', () => readStatus({ database: url }));
      });
      await (await openUnlocked(url)).close();
    });
  });

  test("another database's authority row is whole, but opens none of the slots", async () => {
    const [ours, theirs] = await Promise.all([readRow(url, 'authority'), readRow(foreign, 'authority')]);
    await writeRow(url, 'authority', theirs);
    const authority = await openAuthority({ database: url });
    await expectCode('slot_damaged', () => authority.unlock(byPassphrase()));
    await authority.close();
    await writeRow(url, 'authority', ours);
  });

  test('a database that lost its authority row is not taken for one without an authority, nor given another', async () => {
    const row = await readRow(url, 'authority');
    await query(url, 'delete from authority');
    for (const act of [openAuthority, readStatus]) await expectCode('database_corrupt', () => act({ database: url }));
    await expectCode('database_corrupt', () => initialize(url));
    await expectCode('database_corrupt', () => requireUninitialized(url));
    const names = Object.keys(row);
    const marks = names.map((_, index) => `$${index + 1}`);
    await query(url, `insert into authority (${names}) values (${marks})`, Object.values(row));
    await (await openUnlocked(url)).close();
  });

  describe('a key slot with', () => {
    const costs = (change: object) => () => JSON.stringify({ memory_kib: 19 * 1024, passes: 2, lanes: 1, ...change });
    const bits = (value: unknown) => flipBit(value as Uint8Array, 77);
    const cut = (length: number) => (value: unknown) => (value as Uint8Array).subarray(0, length);
    test.each<[string, string, (value: unknown) => unknown]>([
      ['lowered memory', 'parameters', costs({ memory_kib: 8 })],
      ['raised memory within bounds', 'parameters', () => expensive],
      ['raised memory beyond bounds', 'parameters', costs({ memory_kib: 2 ** 31 })],
      ['one pass', 'parameters', costs({ passes: 1 })],
      ['another number of lanes', 'parameters', costs({ lanes: 2 })],
      ['no lanes', 'parameters', costs({ lanes: 0 })],
      ['memory in text', 'parameters', costs({ memory_kib: '19456' })],
      ['a fraction of a pass', 'parameters', costs({ passes: 2.5 })],
      ['parameters that are no JSON', 'parameters', () => '{"memory_kib": 19456'],
      ['parameters that are null in JSON', 'parameters', () => 'null'],
      ['parameters that are an array', 'parameters', () => '[19456,2,1]'],
      ['empty parameters', 'parameters', () => ''],
      ['no parameters', 'parameters', () => null],
      ['a cut salt', 'salt', cut(15)],
      ['no salt', 'salt', cut(0)],
      ['a long salt', 'salt', () => new Uint8Array(65)],
      ['another salt', 'salt', bits],
      ['a cut wrapped root secret', 'wrapped_root_secret', cut(59)],
      ['another wrapped root secret', 'wrapped_root_secret', bits],
      ['no wrapped root secret', 'wrapped_root_secret', () => null],
      ['kind raw', 'kind', () => 'raw'],
      ['kind derived', 'kind', () => 'derived'],
      ['another id', 'id', () => '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'],
      ['another time', 'created_at', () => '2020-01-01T00:00:00.000Z'],
      ['no time that a clock shows', 'created_at', () => (engine.name === 'postgres' ? 'infinity' : '')],
      ['another signature', 'signature', bits],
      ['a cut signature', 'signature', cut(63)],
      ['no signature', 'signature', cut(0)],
    ])('%s is damaged, and nothing is derived with it', async (_, column, change) => {
      await withAltered('key_slots', column, change, async () => {
        const events: EventName[] = [];
        const observer = ({ name }: { name: EventName }) => void events.push(name);
        await using authority = await openAuthority({ database: url, observer });
        derivations.count = 0;
        const error = await expectCode('slot_damaged', () => authority.unlock(byPassphrase()));
        expect(derivations.count).toBe(0);
        expect(error.details).toHaveProperty('slot');
        expect(authority.locked).toBe(true);
        expect(events).toEqual(['vault.unlock_failed']);
        await expectCode('slot_damaged', () => validateAuthority(authority));
      });
      await (await openUnlocked(url)).close();
    });
  });

  test('the slot of another database is damaged', async () => {
    const [ours, theirs] = await Promise.all([readRow(url, 'key_slots'), readRow(foreign, 'key_slots')]);
    await writeRow(url, 'key_slots', theirs);
    await using authority = await openAuthority({ database: url });
    await expectCode('slot_damaged', () => authority.unlock(byPassphrase()));
    await writeRow(url, 'key_slots', ours);
  });

  test('a database without a slot opens for no credential', async () => {
    const bare = await engine.createUrl();
    await initialize(bare, { slot: 'raw', credential: byRawKey(1) });
    await query(bare, 'delete from key_slots');
    await using authority = await openAuthority({ database: bare });
    await expectCode('wrong_passphrase', () => authority.unlock(byRawKey(1)));
    await expectCode('wrong_passphrase', () => authority.unlock(byPassphrase()));
  });

  async function withAltered(
    table: string,
    column: string,
    change: (value: unknown) => unknown,
    act: () => Promise<void>,
  ): Promise<void> {
    const row = await readRow(url, table);
    const value = change(row[column]);
    await query(url, `update ${table} set ${column} = $1`, [value]);
    try {
      await act();
    } finally {
      await query(url, `update ${table} set ${column} = $1`, [row[column]]);
    }
  }

  function readRow(from: string, table: string): Promise<Record<string, unknown>> {
    return queryOne(from, `select * from ${table}`);
  }

  async function writeRow(to: string, table: string, row: Record<string, unknown>): Promise<void> {
    const names = Object.keys(row);
    await query(to, `update ${table} set ${names.map((name, index) => `${name} = $${index + 1}`)}`, Object.values(row));
  }
});
