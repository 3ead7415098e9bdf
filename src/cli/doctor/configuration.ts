import { existsSync } from 'node:fs';
import { findConfigFile } from '../../config.ts';
import { toHanaperError } from '../output.ts';
import { quote } from '../quote.ts';
import { type Check, type Finding, ok, wrong } from './check.ts';
import { toFinding } from './to-finding.ts';

/** Whether the configuration file, the variables and the flags are valid. */
export const configuration: Check = {
  name: 'configuration',
  look: async (installation) => {
    const path = findConfigFile(installation.environment);
    try {
      await installation.readConfig();
    } catch (error) {
      return [describe(error, path)];
    }
    const isThere = path !== undefined && existsSync(path);
    return [ok(isThere ? `${path} is valid` : `no file${path === undefined ? '' : ` at ${path}`}: the defaults count`)];
  },
};

function describe(thrown: unknown, path: string | undefined): Finding {
  const { code, message, details } = toHanaperError(thrown);
  const isInFile = path !== undefined && details['path'] === path;
  return isInFile ? wrong(code, message, `"\${EDITOR:-vi}" ${quote(path)}`) : toFinding(thrown);
}
