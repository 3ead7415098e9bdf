import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, linkSync, renameSync, statSync, symlinkSync, unlinkSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Authority, createKey, openAuthority } from '../../src/authority/index.ts';
import { longestUnseen } from '../../src/store/engine/sqlite.ts';
import { listOrganizations } from '../../src/store/tables/organizations.ts';
import { byRawKey, createAuthority, openUnlocked, pathOf, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder } from '../support/engines.ts';
import { Child } from './children/child.ts';

const writeScript = new URL('./children/write-checkpoint.ts', import.meta.url);
const lostScript = new URL('./children/lost-files.ts', import.meta.url);

let url: string;
let path: string;
let authority: Authority;

beforeEach(async () => {
  url = `sqlite:${await createTempFolder()}/hanaper.db`;
  path = pathOf(url);
  await (await createAuthority(url)).authority.close();
  authority = await openUnlocked(url, {}, byRawKey(1));
  onTestFinished(() => authority.close());
  await addKey('before');
});

const addKey = (name: string) => authority.executeFor('acme', createKey, { name });

/** The database as it is now, in one file `backup` beside it. */
function backUp(): string {
  const backup = join(dirname(path), 'backup');
  using file = new DatabaseSync(path);
  file.exec(`vacuum into '${backup}'`);
  return backup;
}

// In another process: anyone who opens and closes a file of SQLite takes all locks of his own process from it.
function run(script: string): void {
  execFileSync('bash', ['-ec', script], { cwd: dirname(path), env: { ...process.env, DB: path } });
}

describe('nothing is told as done, then or later, once', () => {
  test.each<[string, string]>([
    ['the log beside it is removed', 'rm $DB-wal'],
    ['the index of the log is removed', 'rm $DB-shm'],
    ['both are removed', 'rm $DB-wal $DB-shm'],
    ['the log is exchanged for a copy of itself', 'cp $DB-wal copy && mv copy $DB-wal'],
    ['the index of the log is exchanged for a copy of itself', 'cp $DB-shm copy && mv copy $DB-shm'],
    ['the file is exchanged for a copy of itself', 'cp $DB copy && mv copy $DB'],
    ['the log is cut to nothing', ': > $DB-wal'],
    ['the log is cut by its last byte', 'truncate -s -1 $DB-wal'],
    [
      'zeros are written over the log',
      'head -c $(stat -c %s $DB-wal) /dev/zero | dd of=$DB-wal conv=notrunc status=none',
    ],
    [
      'the header of the log is written over',
      'head -c 12 /dev/zero | dd of=$DB-wal bs=1 seek=12 conv=notrunc status=none',
    ],
    ['a backup is copied over the file', 'cp backup $DB'],
    ['a backup is copied over the file, and the log removed', 'rm $DB-wal $DB-shm; cp backup $DB'],
    ['a backup is copied over the file together with its time', 'cp -p backup $DB'],
    ['a copy of all three at an earlier time is copied over them', 'cp early $DB; cp early-wal $DB-wal'],
    ['something is written behind the end of the file', 'head -c 4096 /dev/zero >> $DB'],
    [
      'its folder is exchanged for a copy',
      'cp -r . ../copy-$$ && here=$PWD && cd .. && mv "$here" "$here.away" && mv copy-$$ "$here"; rm -rf "$here.away"',
    ],
  ])('%s', async (_, harm) => {
    run('cp $DB early; cp $DB-wal early-wal');
    backUp();
    await addKey('later');
    run(harm);
    await expectCode('unavailable', () => addKey('after'));
    await expectCode('unavailable', () => addKey('after'));
    await authority.database.transact('read', listOrganizations).catch(() => undefined);
    await expectCode('unavailable', () => authority.database.transact('read', listOrganizations));
  });

  test('a backup is copied over the file while its log is empty', async () => {
    backUp();
    await authority.database.emptyWriteAheadLog();
    await authority.database.transact('write', listOrganizations);
    run('cp backup $DB');
    await expectCode('unavailable', () => addKey('after'));
  });

  test('another process has written through another name of the same file', async () => {
    linkSync(path, `${path}.other`);
    await new Child(writeScript, [`${path}.other`]).rest();
    await expectCode('unavailable', () => addKey('after'));
  });

  test('a link by which it was named leads elsewhere', async () => {
    const link = `${path}.link`;
    symlinkSync(path, link);
    await using linked = await openUnlocked(`sqlite:${link}`, {}, byRawKey(1));
    await linked.executeFor('acme', createKey, { name: 'linked' });
    unlinkSync(link);
    symlinkSync(backUp(), link);
    await expectCode('unavailable', () => linked.executeFor('acme', createKey, { name: 'after' }));
    await addKey('own-name');
  });
});

describe('what is committed while the files are taken away', () => {
  test.each(['-wal', '-shm', ''])('is not told as done (%s)', async (ending) => {
    const writing = authority.database.transact('write', async ({ kysely }) => {
      await kysely.updateTable('organizations').set({ name: 'changed' }).execute();
      renameSync(path + ending, `${path}${ending}.away`);
    });
    await expectCode('unavailable', () => writing);
    await expectCode('unavailable', () => addKey('after'));
  });
});

describe('what is legitimate goes on', () => {
  test('files that are put back as they were', async () => {
    for (const ending of ['-wal', '-shm', '']) {
      renameSync(path + ending, `${path}.away`);
      await expectCode('unavailable', () => addKey('after'));
      renameSync(`${path}.away`, path + ending);
    }
    await addKey('back');
  });

  test.each(['passive', 'full', 'restart', 'truncate'])('a log that another moves into the file (%s)', async (mode) => {
    using other = new DatabaseSync(path);
    for (let round = 0; round < 3; round++) {
      other.exec(`pragma wal_checkpoint(${mode})`);
      await addKey(`after-${round}`);
      await addKey(`again-${round}`);
    }
  });

  test('writers beside it, and times of files that change', async () => {
    const other = await openUnlocked(url, {}, byRawKey(1));
    for (let round = 0; round < 3; round++) {
      await other.executeFor('acme', createKey, { name: `other-${round}` });
      await addKey(`own-${round}`);
      await other.database.emptyWriteAheadLog();
    }
    await other.close();
    utimesSync(`${path}-wal`, 1, 1);
    await addKey('last');
    await authority.close();
    expect(await query(url, 'select key_name from signing_keys')).toHaveLength(8);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test('a log that others have filled and emptied again, time after time', async () => {
    await authority.database.emptyWriteAheadLog();
    await addKey('own');
    const other = await openUnlocked(url, {}, byRawKey(1));
    onTestFinished(() => other.close());
    for (let round = 0; round < 3; round++) {
      await other.database.emptyWriteAheadLog();
      await authority.database.transact('write', listOrganizations);
      await other.executeFor('acme', createKey, { name: `other-${round}` });
    }
    await addKey('last');
  });

  test('a file that is only read, no matter who writes to it', async () => {
    await using reader = await openAuthority({ database: url, examines: true });
    for (let round = 0; round < 3; round++) {
      await addKey(`own-${round}`);
      await authority.database.emptyWriteAheadLog();
      // So long that the files are looked at once more.
      await sleep(longestUnseen + 20);
      expect((await reader.trustFor({ organisation: 'acme', packageHash: '00' })).keys.size).toBe(round + 2);
    }
  });
});

describe('a checkpoint that is interrupted while it writes to the file', () => {
  // No file may be written to behind so many bytes: what lies in front of that is moved, and what lies behind is not.
  const limit = 512 * 1024;
  const interrupt = () => {
    const child = new URL('./children/interrupt-checkpoint.ts', import.meta.url).pathname;
    const script = `ulimit -f ${limit / 1024}; exec "$NODE" --conditions=source "$CHILD" "$DB"`;
    const env = { ...process.env, NODE: process.execPath, CHILD: child, DB: path };
    expect(spawnSync('bash', ['-c', script], { env, encoding: 'utf8' })).toMatchObject({
      signal: 'SIGKILL',
      stderr: '',
    });
  };

  beforeEach(async () => {
    using file = new DatabaseSync(path);
    file.exec('create table theirs (id integer primary key, bytes blob)');
    const insert = file.prepare('insert into theirs (bytes) values (zeroblob(4000))');
    for (let bytes = 0; bytes < 2 * limit; bytes += 4000) insert.run();
    await authority.database.emptyWriteAheadLog();
    await addKey('between');
  });

  test('by the end of its process leaves others as they were', async () => {
    const file = statSync(path).mtimeMs;
    interrupt();
    expect(statSync(path).mtimeMs).not.toBe(file);
    await addKey('after');
    interrupt();
    await authority.database.transact('read', listOrganizations);
    await addKey('again');
    await authority.database.emptyWriteAheadLog();
    await addKey('last');
    await authority.close();
    expect(await query(url, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(await query(url, 'select count(*) as keys from signing_keys')).toEqual([{ keys: 5 }]);
    expect(await query(url, 'select hex(bytes) as bytes from theirs where id in (1, 200)')).toEqual([
      { bytes: '01' },
      { bytes: '01' },
    ]);
  });

  test('does not hide what somebody copies over the file after it', async () => {
    backUp();
    interrupt();
    await addKey('after');
    run('cp backup $DB');
    await expectCode('unavailable', () => addKey('lost'));
  });
});

describe('a process whose files were taken away', () => {
  test.each(['exit', 'close'])('leaves alone what others have written there since (%s)', async (end) => {
    await authority.close();
    const child = new Child(lostScript, [url, end]);
    await child.hear();
    unlinkSync(`${path}-wal`);
    unlinkSync(`${path}-shm`);
    const other = await openUnlocked(url, {}, byRawKey(1));
    await other.executeFor('acme', createKey, { name: 'other' });
    run('cp $DB before; cp $DB-wal before-wal');
    child.go();
    await child.rest();
    run('cmp $DB before; cmp $DB-wal before-wal');
    await other.close();
    const names = await query(url, 'select key_name from signing_keys order by key_name');
    expect(names).toEqual([{ key_name: 'before' }, { key_name: 'other' }]);
  });
});
