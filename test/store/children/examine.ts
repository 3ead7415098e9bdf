/** Reads a database as somebody who may not write to it, and prints the result: `uid url read|write|watch`. */
import { auditDatabase } from '../../../src/authority/audit/database/audit-database.ts';
import { createKey, openAuthority } from '../../../src/authority/index.ts';
import { HanaperError } from '../../../src/errors.ts';
import { getAuthority } from '../../../src/store/tables/authority.ts';
import { byRawKey } from '../../support/authority.ts';
import { say, waitForGo } from './say.ts';

const [uid = '', database = '', act = ''] = process.argv.slice(2);

process.setgid?.(Number(uid));
process.setuid?.(Number(uid));

try {
  await using authority = await openAuthority({ database });
  if (act === 'write') {
    await authority.unlock(byRawKey(1));
    await authority.executeFor('acme', createKey, { name: 'release' });
  }
  if (act === 'watch') {
    await authority.database.transact('read', async (transaction) => {
      await getAuthority(transaction);
      await waitForGo();
    });
  }
  const { findings, size } = await auditDatabase(authority);
  say({ findings: findings.count, size });
} catch (error) {
  say({ code: error instanceof HanaperError ? error.code : String(error) });
}
