import { type Check, ok } from './check.ts';
import { needsDatabase } from './needs-database.ts';

/** Whether the engine keeps what it acknowledges. */
export const settings: Check = needsDatabase('settings', async (database) => {
  await database.requireDurable();
  return [
    ok(
      database.engine === 'sqlite'
        ? 'SQLite writes each commit to the disk'
        : 'PostgreSQL writes each commit to the disk',
    ),
  ];
});
