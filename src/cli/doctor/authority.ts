import { requireRefusal } from '../../attempt.ts';
import type { ExaminedDatabase } from '../../authority/examine-database.ts';
import { type Check, note, ok, skipped } from './check.ts';
import type { Installation } from './installation.ts';
import { needsDatabase } from './needs-database.ts';

/** Whether the database belongs to the authority that is expected, or was seen here before. */
export const authority: Check = needsDatabase('authority', async (database, installation) => {
  const { did } = await database.readIdentity();
  try {
    const isKnown = await isExpected(database, installation, did);
    return [isKnown ? ok(`as expected: ${did}`) : note(`not seen here before: ${did}`, 'hanaper status')];
  } catch (error) {
    // The checks of the configuration and of the memory say why.
    requireRefusal(error, 'bad_config');
    return [skipped(`which one is expected cannot be read: it is ${did}`)];
  }
});

async function isExpected(database: ExaminedDatabase, installation: Installation, did: string): Promise<boolean> {
  const { authority: flag } = installation.options;
  const expected = typeof flag === 'string' ? flag : (await installation.readConfig()).security.authority;
  return database.requireExpected(did, expected, installation.pins);
}
