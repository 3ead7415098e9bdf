import { expect, test, describe } from 'vitest';
import { auditDatabase } from '../../../src/authority/audit/audit-database.ts';
import { ask, openDoor, send } from '../../support/door.ts';
import { engines } from '../../support/engines.ts';

describe.each(engines)('$name', (engine) => {
  test('an untouched database has nothing to find', async () => {
    const door = await openDoor(await engine.createUrl());
    for (let i = 0; i < 3; i++) await send(door, await ask(door));
    const { findings, size } = await auditDatabase(door.authority);
    expect(findings.list).toEqual([]);
    console.log(size, findings.unverifiable);
    await door.authority.close();
  });
});
