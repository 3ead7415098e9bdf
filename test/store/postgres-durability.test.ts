import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey, openAuthority } from '../../src/authority/index.ts';
import { byRawKey, createAuthority, initialize, openUnlocked, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { startOwnServer } from '../support/postgres.ts';

let server: { readonly url: string; stop(): Promise<void> };

beforeAll(async () => {
  // Settings of the command line could not be changed.
  server = await startOwnServer({ fsync: '', full_page_writes: '' });
});

afterAll(() => server.stop());

async function set(setting: string, value: 'on' | 'off'): Promise<void> {
  await query(server.url, `alter system set ${setting} = ${value}`);
  await query(server.url, 'select pg_reload_conf()');
  for (;;) {
    const [row] = await query(server.url, `show ${setting}`);
    if (row?.[setting] === value) return;
  }
}

async function createUrl(name: string): Promise<string> {
  await query(server.url, `create database ${name}`);
  return Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
}

test.each(['fsync', 'full_page_writes'])(
  'nothing is written to a server whose %s is off, unless that is accepted',
  async (setting) => {
    const url = await createUrl(`of_${setting}`);
    await set(setting, 'off');
    const refused = await expectCode('bad_config', () => initialize(url));
    expect(refused.details).toMatchObject({ setting });
    expect(await query(url, `select tablename from pg_tables where schemaname = 'public'`)).toEqual([]);
    await set(setting, 'on');
    await (await createAuthority(url)).authority.close();
    await set(setting, 'off');
    // What is there can be read.
    await (await openAuthority({ database: url })).close();
    const accepting = await openUnlocked(`${url}?durability=server`, {}, byRawKey(1));
    await accepting.executeFor('acme', createKey, { name: 'accepted' });
    await accepting.close();
    const authority = await openUnlocked(url, {}, byRawKey(1));
    await expectCode('bad_config', () => authority.executeFor('acme', createKey, { name: 'refused' }));
    await set(setting, 'on');
    await authority.executeFor('acme', createKey, { name: 'written' });
    await authority.close();
  },
);

test('nothing is written by a role for which references do not hold', async () => {
  const url = await createUrl('of_role');
  const { authority } = await createAuthority(url);
  await authority.close();
  await query(url, `alter database of_role set session_replication_role = 'replica'`);
  const opened = await openUnlocked(url, {}, byRawKey(1));
  const error = await expectCode('bad_config', () => opened.executeFor('acme', createKey, { name: 'release' }));
  expect(error.details).toMatchObject({ setting: 'session_replication_role' });
  await opened.close();
});

test('nothing is written to a database whose encoding lacks characters', async () => {
  await query(server.url, "create database of_latin encoding 'LATIN1' locale 'C' template template0");
  const url = Object.assign(new URL(server.url), { pathname: '/of_latin' }).href;
  const error = await expectCode('bad_config', () => initialize(url));
  expect(error.details).toMatchObject({ setting: 'server_encoding' });
});
