import { beforeAll, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../../src/authority/audit/audit-database.ts';
import { auditExport } from '../../../src/authority/audit/audit-export.ts';
import { exportLog } from '../../../src/authority/audit/export-log.ts';
import { engines } from '../../support/engines.ts';
import { withAuthority, writeHistory } from '../../support/history.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let did: string;
  beforeAll(async () => {
    url = await engine.createUrl();
    did = await writeHistory(url);
  });

  test('an untouched database has nothing to find', async () => {
    const { findings, size, checkpoint } = await withAuthority(url, auditDatabase);
    expect(findings.list).toEqual([]);
    expect(findings.count).toBe(0);
    expect(findings.erased).toEqual({});
    expect(size).toBeGreaterThan(20);
    expect(checkpoint?.size).toBe(size);
    console.log(size, findings.unverifiable.length);
  });
  test('ex', async () => {
    const parts: Uint8Array[] = [];
    console.log(await withAuthority(url, (authority) => exportLog(authority, (bytes) => parts.push(bytes))));
    const { findings, size, checkpoint } = await auditExport(parts, did);
    expect(findings.list).toEqual([]);
    expect(checkpoint?.size).toBe(size);
    console.log(size, findings.unverifiable.length);
  });
});
