import { version } from '../../version.ts';
import { type Check, ok } from './check.ts';

/** Which versions are at work, to be given in a report. */
export const versions: Check = {
  name: 'versions',
  look: async (installation) => {
    const own = [`hanaper ${version}`, `Node ${process.versions.node}`];
    const theirs = await installation.tryToExamine(async (database) => {
      const engine = await database.readEngineVersion();
      return [`schema ${database.schema}`, `${database.engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'} ${engine}`];
    });
    return [ok([...own, ...(theirs ?? [])].join(', '))];
  },
};
