import { describe, expect, test } from 'vitest';
import { auditDatabase } from '../../../src/authority/audit/database/audit-database.ts';
import { engines } from '../../support/engines.ts';
import { withAuthority, writeHistory } from '../../support/history.ts';
import { createRandom, dropReferences, mutableTables, mutate, restore } from '../../support/mutations.ts';

const rounds = 120;
const seed = Number(process.env['HANAPER_SEED'] ?? Date.now() % 2 ** 31);

describe.each(engines)('$name', (engine) => {
  test('whatever is changed, added or removed in whichever table, the table is named', async () => {
    const url = await engine.createUrl();
    await writeHistory(url);
    await dropReferences(url);
    const random = createRandom(seed);
    const mutated = new Set<string>();
    await withAuthority(url, async (authority) => {
      for (let round = 0; round < rounds; round++) {
        const mutation = await mutate(url, random);
        const { findings } = await auditDatabase(authority);
        const named = findings.list.map(({ table }) => table);
        expect(
          mutation.names.some((name) => named.includes(name)),
          `HANAPER_SEED=${seed}, ${mutation.title}: found ${JSON.stringify(findings.list)}`,
        ).toBe(true);
        mutated.add(mutation.table);
        await restore(url, new Map([[mutation.table, mutation.before]]));
      }
      expect((await auditDatabase(authority)).findings.list).toEqual([]);
    });
    expect(mutated.size).toBeGreaterThan(mutableTables.length / 2);
  });
});
