import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  amendKey,
  amendTrust,
  createKey,
  createOrganisation,
  listKeys,
  openAuthority,
  signPackage,
} from '../../src/authority/index.ts';
import { down, latestVersion, planDown, readVersion, up } from '../../src/store/index.ts';
import { byRawKey, createAuthority, initialize, openUnlocked, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { writeHistory } from '../support/history.ts';
import { dumpTables } from '../support/tables.ts';

const newest = latestVersion();

describe.each(engines)('$name', (engine) => {
  let database: string;

  beforeEach(async () => {
    database = await engine.createUrl();
  });

  const create = async () => (await createAuthority(database)).authority.close();

  const withUnlocked = async (work: (authority: Authority) => Promise<unknown>) => {
    await using authority = await openUnlocked(database, {}, byRawKey(1));
    await work(authority);
  };

  test('from the newest version to nothing and back, step by step, with data in every table', async () => {
    await writeHistory(database);
    for (let to = newest - 1; to >= 0; to--) {
      const planned = await planDown({ database, to });
      expect(planned).toMatchObject({ from: to + 1, to, losses: [{ version: to + 1 }] });
      for (const number of Object.values(planned.losses[0]?.rows ?? {})) expect(number).toBeGreaterThan(0);
      expect(await down({ database, to })).toEqual(planned);
      expect(await readVersion({ database })).toBe(to);
    }
    expect(await up({ database })).toEqual({ from: 0, to: newest, losses: [] });
    for (const [table, rows] of Object.entries(await dumpTables(database)))
      expect([table, rows.length]).toEqual([table, table === 'log_head' ? 1 : 0]);
    await initialize(database);
    await using authority = await openUnlocked(database);
    await authority.execute(createOrganisation, { name: 'after' });
  });

  test('from the newest version to nothing at once, and back', async () => {
    await writeHistory(database);
    const { losses } = await planDown({ database, to: 0 });
    expect(losses.map(({ version }) => version)).toEqual([7, 6, 5, 4, 3, 2, 1].filter((each) => each <= newest));
    expect(losses.at(-1)?.rows).toMatchObject({ authority: 1, key_slots: 1 });
    await down({ database, to: 0 });
    expect((await up({ database })).from).toBe(0);
    await expectCode('not_initialized', () => openAuthority({ database }));
  });

  test('without labels the way from 7 to 6 and back loses nothing', async () => {
    await writeHistory(database, [amendKey.name, amendTrust.name]);
    const before = await dumpTables(database);
    expect((await down({ database, to: 6 })).losses).toMatchObject([{ version: 7, rows: {} }]);
    await up({ database });
    expect(await dumpTables(database)).toEqual(before);
  });

  test('a label is counted as lost, and its key is refused afterwards; one whose label was removed before is not', async () => {
    await create();
    await withUnlocked(async (authority) => {
      for (const name of ['labelled', 'plain'])
        await authority.executeFor('acme', createKey, { name, label: 'A label' });
      await authority.executeFor('acme', amendKey, { name: 'plain', label: null });
    });
    expect((await down({ database, to: 6 })).losses[0]?.rows).toEqual({
      'signing_keys.label': 1,
      'trusted_keys.label': 1,
    });
    await up({ database });
    await withUnlocked(async (authority) => {
      const about = { name: 'plugin.bin', hash: 'ab'.repeat(32) };
      await authority.executeFor('acme', signPackage, { ...about, key: 'plain' });
      await expectCode('log_tampered', () => authority.executeFor('acme', signPackage, { ...about, key: 'labelled' }));
      expect((await authority.executeFor('acme', listKeys, {})).altered).toBeDefined();
    });
  });

  test('a database that has lost its log key and checkpoints is not unlocked again', async () => {
    await create();
    await down({ database, to: 3 });
    await up({ database });
    await expectCode('log_tampered', () => openUnlocked(database, {}, byRawKey(1)));
  });

  test('what is planned is not done', async () => {
    await create();
    const before = await dumpTables(database);
    await planDown({ database, to: 0 });
    expect(await readVersion({ database })).toBe(newest);
    expect(await dumpTables(database)).toEqual(before);
  });

  test('a version that is not below the present one is refused', async () => {
    await create();
    for (const to of [newest, newest + 1, -1, 1.5, Number.NaN]) {
      await expectCode('bad_input', () => down({ database, to }));
      await expectCode('bad_input', () => planDown({ database, to }));
    }
    await down({ database, to: 3 });
    await expectCode('bad_input', () => down({ database, to: 3 }));
  });

  test('going up is done once', async () => {
    await create();
    expect(await up({ database })).toEqual({ from: newest, to: newest, losses: [] });
  });

  test('what is no database of ours, or a newer one, is left alone', async () => {
    await create();
    const empty = await engine.createUrl();
    await expectCode('not_initialized', () => up({ database: empty }));
    await expectCode('not_initialized', () => down({ database: empty, to: 0 }));
    await query(database, `insert into hanaper_migrations values (999, 'of the future', '2030-01-01T00:00:00.000Z')`);
    await expectCode('database_newer', () => down({ database, to: 0 }));
    await expectCode('database_newer', () => up({ database }));
  });
});
