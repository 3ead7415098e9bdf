import type { ExaminedDatabase } from '../../authority/examine-database.ts';
import { type Check, type Finding, skipped } from './check.ts';
import type { Installation } from './installation.ts';

/** A check of what is in the database; where that cannot be opened, the check of the database says why. */
export function needsDatabase(
  name: string,
  look: (database: ExaminedDatabase, installation: Installation) => Promise<readonly Finding[]>,
): Check {
  return {
    name,
    look: async (installation) => {
      const found = await installation.tryToExamine((database) => look(database, installation));
      return found ?? [skipped('the database cannot be read')];
    },
  };
}
