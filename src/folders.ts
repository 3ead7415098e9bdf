import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { HanaperError } from './errors.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder for what was learnt.
 *
 * @throws HanaperError `bad_config` where there is no home folder for it
 */
export function findStateFolder(environment: Environment): string {
  return findFolder(environment, 'XDG_STATE_HOME', join('.local', 'state'));
}

/**
 * The database where nothing names another.
 *
 * @throws HanaperError `bad_config` where there is no home folder for it
 */
export function defaultDatabase(environment: Environment): string {
  return `sqlite:${join(findFolder(environment, 'XDG_DATA_HOME', join('.local', 'share')), 'hanaper.db')}`;
}

/**
 * The folder of ours under a folder of the XDG specification. One that is not absolute is ignored, as it asks: it would lie
 * wherever a command is run.
 *
 * @throws HanaperError `bad_config` where there is no home folder for it
 */
export function findFolder(environment: Environment, variable: string, underHome: string): string {
  const named = environment[variable] ?? '';
  const base = isAbsolute(named) ? named : join(findHome(environment, variable), underHome);
  return join(base, 'hanaper');
}

// A user of a container need have no entry that names a home folder.
function findHome(environment: Environment, variable: string): string {
  const home = environment['HOME'] ?? '';
  if (isAbsolute(home)) return home;
  try {
    return userInfo().homedir;
  } catch (cause) {
    throw new HanaperError(
      'bad_config',
      `This user has no home folder, and none is named: set HOME or ${variable}, or name the file that is meant.`,
      { variable, reason: 'no home' },
      cause,
    );
  }
}
