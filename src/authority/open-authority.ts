import type { Observer } from '../events.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import type { Database } from '../store/engine/database.ts';
import { type DatabaseLocation, parseDatabaseUrl } from '../store/engine/location.ts';
import { nameLocation } from '../store/location-names.ts';
import { notInitialized, type OpenOptions, openDatabase } from '../store/open-database.ts';
import type { AuthorityIdentity } from '../vault/authority-statement.ts';
import { Authority } from './authority.ts';
import type { KnownAuthorities } from './identity/known-authorities.ts';
import { changedAuthority, requirePinned } from './identity/pinning.ts';
import { readIdentity } from './identity/read-identity.ts';
import type { KnownLogs } from './log/known-logs.ts';
import { requireNothingLeft } from './require-nothing-left.ts';

/** Which database to open, and whose it must be. */
export interface AuthorityOptions extends OpenOptions {
  /** `sqlite:PATH` or `postgres://…` */
  readonly database: string;
  /** The DID that the authority must have; else the one that `knownAuthorities` holds for the database. */
  readonly authority?: string;
  /** Pins of earlier runs; the first authority seen is remembered. */
  readonly knownAuthorities?: KnownAuthorities;
  /** What earlier runs saw of logs: an old copy is not unlocked. */
  readonly knownLogs?: KnownLogs;
  readonly observer?: Observer;
  /** Whether it is only looked at: then nothing is written to it, and an older one is refused. */
  readonly examines?: boolean;
  /** Default: the database's own time. */
  readonly clock?: () => Date;
  /** Milliseconds after which an entry of the log comes under a checkpoint; default: when the authority is closed. */
  readonly checkpointDelay?: number;
}

const optionNames: OptionNames<AuthorityOptions> = {
  database: true,
  authority: true,
  knownAuthorities: true,
  knownLogs: true,
  observer: true,
  examines: true,
  waits: true,
  signal: true,
  clock: true,
  checkpointDelay: true,
};

/**
 * Opens an initialised database, locked.
 *
 * @throws HanaperError `bad_config`, `not_initialized`, `database_newer`, `database_older`, `database_corrupt`, `unavailable`,
 * `authority_tampered`, `authority_changed`
 * @example
 * await using authority = await openAuthority({ database: 'sqlite:hanaper.db' });
 * await verifyPackage('plugin.wasm', { organisation: 'acme', trust: authority });
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  requireKnownOptions('openAuthority', options, optionNames);
  const { observer, clock, checkpointDelay, knownLogs } = options;
  const location = parseDatabaseUrl(options.database);
  const database = await openDatabase(location, options.examines ? 'examine' : 'use', options);
  try {
    const identity = await requireIdentity(database);
    await requireExpected(location, database, identity.did, options);
    return new Authority({
      database,
      identity,
      ...(observer && { observer }),
      ...(clock && { clock }),
      ...(checkpointDelay !== undefined && { checkpointDelay }),
      ...(knownLogs && { knownLogs }),
    });
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * The authority of an open database.
 *
 * @throws HanaperError `not_initialized`, `authority_tampered`, `database_corrupt` where it has lost its authority
 */
export async function requireIdentity(database: Database): Promise<AuthorityIdentity> {
  return database.transact('read', async (transaction) => {
    const identity = await readIdentity(transaction);
    if (identity) return identity;
    await requireNothingLeft(transaction);
    throw notInitialized(database.name);
  });
}

async function requireExpected(
  location: DatabaseLocation,
  database: Database,
  did: string,
  { authority, knownAuthorities }: AuthorityOptions,
): Promise<void> {
  if (authority === did) return;
  if (authority !== undefined) throw changedAuthority(database.name, authority, did);
  if (knownAuthorities) requirePinned(await nameLocation(location, database), did, knownAuthorities);
}
