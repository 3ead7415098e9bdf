import { appendFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type KnownAuthorities, knownAuthoritiesFile, openAuthority, readStatus } from '../../src/authority/index.ts';
import { initialize, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder, engines } from '../support/engines.ts';

async function createPins(): Promise<{ path: string; pins: KnownAuthorities }> {
  const path = `${await createTempFolder()}/state/known_authorities`;
  return { path, pins: knownAuthoritiesFile(path) };
}

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.each(engines)('$name', (engine) => {
  test('initialising pins the authority, and opening finds it', async () => {
    const { path, pins } = await createPins();
    const { did, database, replaced } = await initialize(await engine.createUrl(), { knownAuthorities: pins });
    expect(linesOf(path)).toEqual([{ database, authority: did }]);
    expect(pins.find(database)).toBe(did);
    expect(replaced).toBeUndefined();
  });

  test('the first use pins an authority, and a second use pins nothing more', async () => {
    const { path, pins } = await createPins();
    const url = await engine.createUrl();
    const { did, database } = await initialize(url);
    for (let use = 0; use < 2; use++) {
      await (await openAuthority({ database: url, knownAuthorities: pins })).close();
      expect(linesOf(path)).toEqual([{ database, authority: did }]);
    }
  });

  test('without pins any whole authority is opened, and nothing is pinned', async () => {
    const url = await engine.createUrl();
    const { did } = await initialize(url);
    await using authority = await openAuthority({ database: url });
    expect(authority.identity.did).toBe(did);
  });

  test('a database that was exchanged is refused', async () => {
    const { path, pins } = await createPins();
    const url = await engine.createUrl();
    const { did, database } = await initialize(url, { knownAuthorities: pins });
    const foreign = await exchange(url);
    for (const act of [openAuthority, readStatus]) {
      const error = await expectCode('authority_changed', () => act({ database: url, knownAuthorities: pins }));
      expect(error.details).toEqual({ database, expected: did, actual: foreign });
    }
    expect(linesOf(path)).toHaveLength(1);
  });

  test('an authority that is given outweighs the pin, and changes no pin', async () => {
    const { path, pins } = await createPins();
    const url = await engine.createUrl();
    const { did } = await initialize(url, { knownAuthorities: pins });
    const foreign = await exchange(url);
    const options = { database: url, knownAuthorities: pins };
    await using authority = await openAuthority({ ...options, authority: foreign });
    expect(authority.identity.did).toBe(foreign);
    await expectCode('authority_changed', () => openAuthority({ ...options, authority: did }));
    await expectCode('authority_changed', () => openAuthority({ ...options, authority: '' }));
    expect(linesOf(path)).toHaveLength(1);
  });

  test('initialising anew in the same place pins anew, and tells whose it was', async () => {
    const { pins } = await createPins();
    const url = await engine.createUrl();
    const first = await initialize(url, { knownAuthorities: pins });
    await empty(url);
    const second = await initialize(url, { knownAuthorities: pins });
    expect(second.replaced).toBe(first.did);
    expect(pins.find(first.database)).toBe(second.did);
    await (await openAuthority({ database: url, knownAuthorities: pins })).close();
  });

  test('pins that cannot be read refuse opening and initialising, before anything is made', async () => {
    const { path, pins } = await createPins();
    const [made, absent] = [await engine.createUrl(), await engine.createUrl()];
    const { did } = await initialize(made, { knownAuthorities: pins });
    appendFileSync(path, '{"database":"cut of');
    const error = await expectCode('bad_config', () => openAuthority({ database: made, knownAuthorities: pins }));
    expect(error.details).toEqual({ path, line: 2 });
    await (await openAuthority({ database: made, knownAuthorities: pins, authority: did })).close();
    await expectCode('bad_config', () => initialize(absent, { knownAuthorities: pins }));
    await expectCode('not_initialized', () => openAuthority({ database: absent }));
  });

  async function exchange(url: string): Promise<string> {
    await empty(url);
    return (await initialize(url)).did;
  }

  async function empty(url: string): Promise<void> {
    for (const table of ['trust_snapshots', 'organizations', 'key_slots', 'authority'])
      await query(url, `delete from ${table}`);
  }
});

describe('a file of known authorities', () => {
  test("is the owner's alone, in a folder of its own", async () => {
    const { path, pins } = await createPins();
    const { did } = await initialize(`sqlite:${await createTempFolder()}/hanaper.db`, { knownAuthorities: pins });
    expect(did).toMatch(/^did:key:z6Mk/);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(dirname(path)).mode & 0o777).toString(8)).toBe('700');
  });

  test('that is missing or empty knows nobody', async () => {
    const { path, pins } = await createPins();
    expect(pins.find('sqlite:/hanaper.db')).toBeUndefined();
    mkdirSync(dirname(path));
    writeFileSync(path, '\n\n');
    expect(pins.find('sqlite:/hanaper.db')).toBeUndefined();
  });

  test('knows the last pin of a database, and no other for it', async () => {
    const { pins } = await createPins();
    const { did } = await initialize(`sqlite:${await createTempFolder()}/hanaper.db`);
    pins.remember('one', 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp');
    pins.remember('one', did);
    expect(pins.find('one')).toBe(did);
    expect(pins.find('on')).toBeUndefined();
    expect(pins.find('ONE')).toBeUndefined();
  });

  test.each([
    ['no JSON', 'hello'],
    ['a JSON text', '"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"'],
    ['null', 'null'],
    ['a pin without an authority', '{"database":"one"}'],
    ['a pin with a number for an authority', '{"database":"one","authority":1}'],
    ['a pin with an authority that is no did:key', '{"database":"one","authority":"did:web:example.org"}'],
    ['a pin with a did:key that is cut', '{"database":"one","authority":"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5"}'],
  ])('with %s in it is bad configuration', async (_, line) => {
    const { path, pins } = await createPins();
    mkdirSync(dirname(path));
    writeFileSync(path, `${line}\n`);
    const error = await expectCode('bad_config', () => pins.find('another'));
    expect(error.details).toEqual({ path, line: 1 });
  });

  test('that is a folder, or lies under a file, is bad configuration', async () => {
    const { path, pins } = await createPins();
    mkdirSync(path, { recursive: true });
    await expectCode('bad_config', () => pins.find('one'));
    await expectCode('bad_config', () => pins.remember('one', 'did:key:z6Mk'));
    writeFileSync(`${path}/file`, '');
    const under = knownAuthoritiesFile(`${path}/file/known_authorities`);
    await expectCode('bad_config', () => under.find('one'));
    await expectCode('bad_config', () => under.remember('one', 'did:key:z6Mk'));
  });

  test('that cannot be written is bad configuration', async () => {
    const folder = await createTempFolder();
    symlinkSync(`${folder}/no/such/folder/file`, `${folder}/known_authorities`);
    const pins = knownAuthoritiesFile(`${folder}/known_authorities`);
    expect(pins.find('one')).toBeUndefined();
    await expectCode('bad_config', () => pins.remember('one', 'did:key:z6Mk'));
  });
});
