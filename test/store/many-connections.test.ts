import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { readTime } from '../../src/store/engine/clock.ts';
import { listOrganizations } from '../../src/store/tables/organizations.ts';
import { initialize, openStore, pathOf } from '../support/authority.ts';
import { engines } from '../support/engines.ts';

test('on SQLite a reader does not wait for a writer that waits for another process', async () => {
  const [sqlite] = engines;
  const url = (await sqlite?.createUrl()) ?? '';
  await initialize(url);
  const database = await openStore(url);
  onTestFinished(() => database.close());
  const other = new DatabaseSync(pathOf(url));
  onTestFinished(() => other.close());
  other.exec('begin immediate');
  const ends: string[] = [];
  const writing = database.transact('write', readTime).then(() => ends.push('write'));
  const reads = Array.from({ length: 20 }, () => database.transact('read', listOrganizations));
  for (const organisations of await Promise.all(reads)) expect(organisations).toHaveLength(1);
  expect(ends).toEqual([]);
  other.exec('commit');
  await writing;
  expect(ends).toEqual(['write']);
});
