import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type KnownAuthorities,
  knownAuthoritiesFile,
  openAuthority,
  readStatus,
} from '../../../src/authority/index.ts';
import { ownTables } from '../../../src/store/engine/own-tables.ts';
import { initialize, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { createTempFolder, engines } from '../../support/engines.ts';
import { makePipe } from '../../support/fixtures.ts';

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
      expect(error.details).toEqual({ database, expected: did, actual: foreign, remedy: 'accept_authority' });
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
    expect(error.details).toEqual({ path, line: 2, remedy: 'accept_authority' });
    await (await openAuthority({ database: made, knownAuthorities: pins, authority: did })).close();
    await expectCode('bad_config', () => initialize(absent, { knownAuthorities: pins }));
    await expectCode('not_initialized', () => openAuthority({ database: absent }));
  });

  async function exchange(url: string): Promise<string> {
    await empty(url);
    return (await initialize(url)).did;
  }

  async function empty(url: string): Promise<void> {
    const tables = ownTables.filter((table) => table !== 'hanaper_migrations' && table !== 'log_head');
    await query(url, 'update log_head set size = 0, generation = 0, enrolled_at = null');
    if (engine.name === 'postgres') await query(url, `truncate ${tables.join(', ')}`);
    else for (const table of tables) await query(url, `delete from ${table}`);
  }
});

describe('a SQLite database whose place was taken by that of another authority is refused', () => {
  async function twoDatabases() {
    const { path, pins } = await createPins();
    const folder = await createTempFolder();
    mkdirSync(`${folder}/mine`);
    mkdirSync(`${folder}/theirs`);
    const [mine, theirs] = [`${folder}/mine/hanaper.db`, `${folder}/theirs/hanaper.db`];
    const { did } = await initialize(`sqlite:${mine}`, { knownAuthorities: pins });
    const foreign = await initialize(`sqlite:${theirs}`, { knownAuthorities: pins });
    const open = async (place: string) =>
      (await openAuthority({ database: `sqlite:${place}`, knownAuthorities: pins })).close();
    return { path, pins, folder, mine, theirs, did, foreign: foreign.did, open };
  }

  async function expectRefused(place: string, { open, did, foreign }: Awaited<ReturnType<typeof twoDatabases>>) {
    const error = await expectCode('authority_changed', () => open(place));
    expect(error.details).toMatchObject({ expected: did, actual: foreign });
  }

  test('by a link in the place of the file, or by the file itself', async () => {
    const both = await twoDatabases();
    renameSync(both.mine, `${both.mine}.away`);
    symlinkSync(both.theirs, both.mine);
    await expectRefused(both.mine, both);
    await expectRefused(`${both.mine}/`, both);
    await expectRefused(`${both.folder}/theirs/../mine/./hanaper.db`, both);
    rmSync(both.mine);
    linkSync(both.theirs, both.mine);
    await expectRefused(both.mine, both);
    await both.open(both.theirs);
  });

  test('by a link in the place of its folder, under whichever name that is reached', async () => {
    const both = await twoDatabases();
    symlinkSync(both.folder, `${both.folder}-alias`);
    renameSync(`${both.folder}/mine`, `${both.folder}/away`);
    symlinkSync('theirs', `${both.folder}/mine`);
    await expectRefused(both.mine, both);
    await expectRefused(`${both.folder}-alias/mine/hanaper.db`, both);
    symlinkSync(`${both.folder}/mine`, `${both.folder}/third`);
    await expectRefused(`${both.folder}/third/hanaper.db`, both);
    rmSync(`${both.folder}-alias`);
  });

  test('by a link that was used before, and leads elsewhere now', async () => {
    const both = await twoDatabases();
    const link = `${both.folder}/link.db`;
    symlinkSync(both.mine, link);
    await both.open(link);
    await both.open(link);
    expect(linesOf(both.path)).toHaveLength(3);
    rmSync(link);
    symlinkSync(both.theirs, link);
    await expectRefused(link, both);
    await both.open(both.mine);
  });

  test('by a link that the working directory was reached through', async () => {
    const both = await twoDatabases();
    const [cwd, shown] = [process.cwd(), process.env['PWD']];
    symlinkSync(`${both.folder}/mine`, `${both.folder}/work`);
    try {
      for (const [index, target] of ['mine', 'theirs'].entries()) {
        rmSync(`${both.folder}/work`);
        symlinkSync(`${both.folder}/${target}`, `${both.folder}/work`);
        process.chdir(`${both.folder}/work`);
        process.env['PWD'] = `${both.folder}/work`;
        if (index === 0) await both.open('hanaper.db');
        else await expectRefused('hanaper.db', both);
      }
    } finally {
      process.chdir(cwd);
      process.env['PWD'] = shown;
    }
  });

  test('where an earlier version has remembered its real path alone', async () => {
    const both = await twoDatabases();
    symlinkSync(both.mine, `${both.folder}/link.db`);
    await both.open(`${both.folder}/link.db`);
    rmSync(both.mine);
    renameSync(both.theirs, both.mine);
    await expectRefused(`${both.folder}/link.db`, both);
    const unused = `${both.folder}/unused.db`;
    symlinkSync(both.mine, unused);
    await expectRefused(unused, both);
  });
});

describe('a PostgreSQL database is known by its schema', () => {
  const engine = engines.find(({ name }) => name === 'postgres') ?? engines[0];

  async function twoSchemas() {
    const { path, pins } = await createPins();
    const url = (await engine?.createUrl()) ?? '';
    const { did } = await initialize(url, { knownAuthorities: pins });
    await query(url, 'create schema other');
    const open = async (place: string) => (await openAuthority({ database: place, knownAuthorities: pins })).close();
    return { path, pins, url, did, other: `${url}?schema=other`, open };
  }

  test('so two schemas can be of two authorities, and neither takes the place of the other', async () => {
    const { path, pins, url, did, other, open } = await twoSchemas();
    const { did: second, replaced } = await initialize(other, { knownAuthorities: pins });
    expect(replaced).toBeUndefined();
    for (const place of [url, other, url, `${url}?schema=public`, `${url}?application_name=x`]) await open(place);
    expect(linesOf(path).map(({ authority }) => authority)).toEqual([did, second]);
    await query(url, 'alter schema public rename to away');
    await query(url, 'alter schema other rename to public');
    const error = await expectCode('authority_changed', () => open(url));
    expect(error.details).toMatchObject({ expected: did, actual: second });
    await expectCode('authority_changed', () => open(`${url}?schema=public`));
  });

  test('which neither the database, nor options in the URL or the environment choose', async () => {
    const { path, url, other, open } = await twoSchemas();
    await initialize(other);
    const [{ name } = { name: '' }] = await query(url, 'select current_database() as name');
    await query(url, `alter database ${name} set search_path = other`);
    const options = '-c search_path=other';
    process.env['PGOPTIONS'] = options;
    try {
      await open(url);
      await open(`${url}?options=${encodeURIComponent(options)}`);
    } finally {
      delete process.env['PGOPTIONS'];
    }
    expect(linesOf(path)).toHaveLength(1);
  });

  test('and by the name that answers, where the URL leaves it to the environment', async () => {
    const { path, url, did, open } = await twoSchemas();
    const { url: foreign } = await twoSchemas();
    const [here, there] = [url, foreign].map((each) => new URL(each).pathname.slice(1));
    const unnamed = url.replace(/\/[^/]*$/, '');
    try {
      process.env['PGDATABASE'] = here;
      await open(unnamed);
      expect(linesOf(path)).toHaveLength(1);
      process.env['PGDATABASE'] = there;
      await open(unnamed);
      expect(linesOf(path)).toHaveLength(2);
    } finally {
      delete process.env['PGDATABASE'];
    }
    await open(url.replace(/127\.0\.0\.1|localhost/, (host) => host.toUpperCase()));
    expect(linesOf(path).map(({ authority }) => authority)).toContain(did);
  });
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
    expect(error.details).toEqual({ path, line: 1, remedy: 'accept_authority' });
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

  test('that is a pipe, or no text, is bad configuration, and nothing waits for it', async () => {
    const folder = await createTempFolder();
    makePipe(`${folder}/pipe`);
    const error = await expectCode('bad_config', () => knownAuthoritiesFile(`${folder}/pipe`).find('one'));
    expect(error.details).toEqual({ path: `${folder}/pipe`, reason: 'not a regular file' });
    writeFileSync(`${folder}/bytes`, Uint8Array.of(0xff));
    await expectCode('bad_config', () => knownAuthoritiesFile(`${folder}/bytes`).find('one'));
  });

  test('on a disk that is full is unavailable', async () => {
    const folder = await createTempFolder();
    symlinkSync('/dev/full', `${folder}/known_authorities`);
    const pins = knownAuthoritiesFile(`${folder}/known_authorities`);
    const error = await expectCode('unavailable', () => pins.remember('one', 'did:key:z6Mk'));
    expect(error.details).toMatchObject({ reason: 'ENOSPC' });
  });

  test('that cannot be written is bad configuration', async () => {
    const folder = await createTempFolder();
    symlinkSync(`${folder}/no/such/folder/file`, `${folder}/known_authorities`);
    const pins = knownAuthoritiesFile(`${folder}/known_authorities`);
    expect(pins.find('one')).toBeUndefined();
    await expectCode('bad_config', () => pins.remember('one', 'did:key:z6Mk'));
  });
});
