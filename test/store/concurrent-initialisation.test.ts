import { describe, expect, test } from 'vitest';
import { validateAuthority } from '../../src/authority/index.ts';
import { migrations } from '../../src/store/migrations/list.ts';
import { byPassphrase, byRawKey, initialize, openStore, openUnlocked, query } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { raceChildren } from './children/child.ts';
import { outcomeOf } from './children/say.ts';

const initialiseScript = new URL('./children/initialise.ts', import.meta.url);
const migrateScript = new URL('./children/migrate.ts', import.meta.url);
const everyVersion = migrations.map(({ version }) => ({ version }));

describe.each(engines)('$name', (engine) => {
  test.each(['raw', 'passphrase'] as const)('of eight initialisers by %s in one process one succeeds', async (slot) => {
    const url = await engine.createUrl();
    const credential = () => (slot === 'raw' ? byRawKey(1) : byPassphrase());
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => outcomeOf(() => initialize(url, { slot, credential: credential() }))),
    );
    expectOneWinner(outcomes);
    await expectOneAuthority(url, slot);
  });

  test('eight openers of an absent schema in one process all find it made once', async () => {
    const url = await engine.createUrl();
    const databases = await Promise.all(Array.from({ length: 8 }, () => openStore(url, true)));
    await Promise.all(databases.map((database) => database.close()));
    expect(await query(url, 'select version from hanaper_migrations order by version')).toEqual(everyVersion);
  });

  test.each([2, 8])('of %i processes that initialise at once one succeeds', async (count) => {
    const url = await engine.createUrl();
    const outcomes = await raceChildren<string>(
      initialiseScript,
      Array.from({ length: count }, () => [url]),
    );
    expectOneWinner(outcomes);
    await expectOneAuthority(url, 'raw');
  });

  test('of eight processes that migrate at once each finds the schema made', async () => {
    const url = await engine.createUrl();
    const outcomes = await raceChildren<string>(
      migrateScript,
      Array.from({ length: 8 }, () => [url]),
    );
    expect(outcomes).toEqual(outcomes.map(() => 'ok'));
    expect(await query(url, 'select version from hanaper_migrations order by version')).toEqual(everyVersion);
  });
});

function expectOneWinner(outcomes: readonly string[]): void {
  expect([...outcomes].sort().reverse()).toEqual(['ok', ...outcomes.slice(1).map(() => 'already_initialized')]);
}

async function expectOneAuthority(url: string, slot: 'raw' | 'passphrase'): Promise<void> {
  for (const table of ['authority', 'key_slots', 'organizations']) {
    expect(await query(url, `select id from ${table}`)).toHaveLength(1);
  }
  const credential = () => (slot === 'raw' ? byRawKey(1) : byPassphrase());
  await using authority = await openUnlocked(url, {}, credential());
  await validateAuthority(authority, credential());
}
