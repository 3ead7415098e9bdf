import { beforeEach, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../../src/authority/audit/database/audit-database.ts';
import { auditExport } from '../../../src/authority/audit/export/audit-export.ts';
import { exportLog } from '../../../src/authority/audit/export/write-export.ts';
import { type Authority, changeCredential, createKey, openAuthority, revokeKey } from '../../../src/authority/index.ts';
import { FollowedLog } from '../../../src/authority/log/followed-log.ts';
import { makeCheckpoint } from '../../../src/authority/log/make-checkpoint.ts';
import { concatBytes } from '../../../src/bytes.ts';
import type { Transaction } from '../../../src/store/engine/transaction.ts';
import { byRawKey, costs, createAuthority, openUnlocked, query } from '../../support/authority.ts';
import { engines } from '../../support/engines.ts';
import { withAuthority } from '../../support/history.ts';
import { dropReferences } from '../../support/mutations.ts';
import { writeLogAsOlder } from '../../support/older.ts';

// The genesis, two keys and a revocation.
const olderSize = 4;

describe.each(engines)('$name', (engine) => {
  let url: string;

  beforeEach(async () => {
    url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    await authority.executeFor('acme', createKey, { name: 'old' });
    await authority.executeFor('acme', revokeKey, { name: 'old' });
    await writeLogAsOlder(authority);
    await signOlder(authority);
    await authority.close();
  });

  // As a process that has not seen how it was before.
  const signOlder = async (authority: Authority) => {
    const { database } = authority;
    const followed = new FollowedLog(database, () => undefined);
    const readNow = (transaction: Transaction) => authority.readNow(transaction);
    await makeCheckpoint({ database, followed, vault: authority.requireVault(), readNow });
  };

  const unlock = async () => {
    await using authority = await openUnlocked(url, {}, byRawKey(1));
    await authority.executeFor('acme', createKey, { name: 'next' });
  };

  test('a log of the first version holds as far as it tells, and is counted', async () => {
    const { findings, size, unbound } = await withAuthority(url, auditDatabase);
    expect(findings.list).toEqual([]);
    expect([size, unbound]).toEqual([olderSize, olderSize]);
  });

  test('it is continued by an entry of every row that stands, and holds, in the database and in an export', async () => {
    await unlock();
    const { findings, size, unbound } = await withAuthority(url, auditDatabase);
    expect([findings.list, unbound]).toEqual([[], olderSize]);
    expect(size).toBeGreaterThanOrEqual(olderSize + 2);
    const parts: Uint8Array[] = [];
    const did = await withAuthority(url, async (authority) => {
      await exportLog(authority, (bytes) => parts.push(bytes));
      return authority.identity.did;
    });
    const exported = await auditExport([concatBytes(...parts)], did);
    expect([exported.findings.list, exported.unbound, exported.size]).toEqual([[], olderSize, size]);
  });

  test('rows of an older entry are checked against that entry, whatever is said of the older ones', async () => {
    await unlock();
    await query(url, "update log_effects set table_name = 'package_signatures', salt = null where entry_index = 3");
    await query(url, 'update trusted_keys set revoked_at = null');
    const { findings } = await withAuthority(url, auditDatabase);
    expect(findings.list).toContainEqual(
      expect.objectContaining({ kind: 'row', table: 'trusted_keys', index: olderSize }),
    );
  });

  test('no older entry is taken out or put behind it', async () => {
    await unlock();
    await dropReferences(url);
    await query(url, 'update log_effects set entry_index = 100 where entry_index = 3');
    await query(url, 'update log_entries set entry_index = 100 where entry_index = 3');
    const { findings } = await withAuthority(url, auditDatabase);
    const messages = findings.list.filter(({ kind }) => kind === 'entry').map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringContaining('names another entry in front of it'));
    expect(messages).toContainEqual(expect.stringContaining('is of an older version than those in front of it'));
  });

  test('it is continued so before its credential is changed, too', async () => {
    await withAuthority(url, (authority) => changeCredential(authority, byRawKey(1), byRawKey(2), costs));
    const { findings, size, unbound } = await withAuthority(url, auditDatabase);
    expect([findings.list, size, unbound]).toEqual([[], olderSize + 2, olderSize]);
  });

  test('the database is of the present version from then on', async () => {
    await unlock();
    await using authority = await openAuthority({ database: url });
    expect(authority.identity.version).toBe(2);
  });
});
