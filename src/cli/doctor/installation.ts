import { join, resolve } from 'node:path';
import { type ExaminedDatabase, examineDatabase } from '../../authority/examine-database.ts';
import { type KnownAuthorities, knownAuthoritiesFile } from '../../authority/identity/known-authorities.ts';
import { type Config, loadConfig } from '../../config.ts';
import { HanaperError } from '../../errors.ts';
import { type Environment, findStateFolder } from '../../folders.ts';
import { type GlobalOptions, overridesOf } from '../global-options.ts';
import { SeenCheckpoints } from '../seen-checkpoints.ts';
import { lookAt } from './look-at.ts';

/** What is examined: the options and the environment of one run, and what they lead to. Nothing of it is changed. */
export class Installation {
  readonly options: GlobalOptions;
  readonly environment: Environment;
  #config: Promise<Config> | undefined;
  #isUnreadable = false;

  constructor(options: GlobalOptions, environment: Environment) {
    this.options = options;
    this.environment = environment;
  }

  /**
   * All settings.
   *
   * @throws HanaperError `bad_config`
   */
  readConfig(): Promise<Config> {
    this.#config ??= loadConfig(overridesOf(this.options), this.environment);
    return this.#config;
  }

  /**
   * The database: as it is configured, and where the configuration is not valid, as a flag or the environment names it.
   *
   * @throws HanaperError `bad_config`
   */
  async findDatabase(): Promise<string> {
    const named = this.options.db ?? (this.environment['HANAPER_DB'] || undefined);
    try {
      return (await this.readConfig()).db;
    } catch (error) {
      if (named === undefined) throw error;
      return named;
    }
  }

  /** The path of a database of SQLite; `undefined` where it is another. */
  async findDatabaseFile(): Promise<string | undefined> {
    const url = await this.findDatabase();
    return url.startsWith('sqlite:') ? resolve(url.slice('sqlite:'.length)) : undefined;
  }

  /**
   * Looks at the database, which is open meanwhile and no longer.
   *
   * @throws HanaperError what opening it throws
   */
  async examine<Result>(look: (database: ExaminedDatabase) => Promise<Result>): Promise<Result> {
    const path = await this.findDatabaseFile();
    if (path !== undefined) requireRegular(path);
    return examineDatabase(await this.findDatabase(), look);
  }

  /** The same for a check that says nothing where the database cannot be opened, since another does. */
  async tryToExamine<Result>(look: (database: ExaminedDatabase) => Promise<Result>): Promise<Result | undefined> {
    if (this.#isUnreadable) return undefined;
    let isOpen = false;
    try {
      return await this.examine((database) => {
        isOpen = true;
        return look(database);
      });
    } catch (error) {
      if (isOpen) throw error;
      this.#isUnreadable = true;
      return undefined;
    }
  }

  /** @throws HanaperError `bad_config` where there is no home folder for it */
  get stateFolder(): string {
    return findStateFolder(this.environment);
  }

  /** The file of pins. */
  get pinsFile(): string {
    return join(this.stateFolder, 'known_authorities');
  }

  get pins(): KnownAuthorities {
    return knownAuthoritiesFile(this.pinsFile);
  }

  /** The file of what was seen of logs. */
  get seenFile(): string {
    return join(this.stateFolder, 'log-checkpoints.json');
  }

  get seen(): SeenCheckpoints {
    return new SeenCheckpoints(this.seenFile);
  }
}

// SQLite would wait for the writer of a pipe, and treat what it may not look at as missing.
function requireRegular(path: string): void {
  const found = lookAt(path);
  if (found === undefined || found.isFile()) return;
  throw new HanaperError('bad_config', `${path} is not a file, and so not a database of SQLite.`, { path });
}
