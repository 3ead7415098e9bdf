/** Reads the configuration as a user who has neither a HOME nor an entry in the password file. */
import { loadConfig } from '../../src/config.ts';
import { HanaperError } from '../../src/errors.ts';

const nobody = 54_321;

if (process.getuid?.() === 0) process.setuid?.(nobody);
const config = await loadConfig({ org: 'acme' }, {});
const read = (what: 'db' | 'stateFolder') => {
  try {
    return config[what];
  } catch (error) {
    return error instanceof HanaperError ? error.details : String(error);
  }
};
process.stdout.write(
  `${JSON.stringify({ org: config.security.verificationOrg, db: read('db'), stateFolder: read('stateFolder') })}\n`,
);
