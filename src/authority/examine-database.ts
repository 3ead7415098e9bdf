import { realpathSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { readTime } from '../store/engine/clock.ts';
import { findDamage } from '../store/engine/damage.ts';
import type { Database } from '../store/engine/database.ts';
import { type DatabaseLocation, parseDatabaseUrl } from '../store/engine/location.ts';
import { everydayWaits } from '../store/engine/postgres-session.ts';
import { readEngineVersion, requireDurableServer } from '../store/engine/read-server.ts';
import { searchFiles } from '../store/engine/search-files.ts';
import { changedMeanwhile } from '../store/engine/sqlite-file.ts';
import type { Engine, Transaction } from '../store/engine/transaction.ts';
import { nameLocation } from '../store/location-names.ts';
import { latestVersion } from '../store/migrations/migrate.ts';
import { openDatabase } from '../store/open-database.ts';
import { listKeySlots, listRemovedSlots } from '../store/tables/key-slots.ts';
import { readLogHead } from '../store/tables/log.ts';
import type { AuthorityIdentity, SlotKind } from '../vault/authority-statement.ts';
import { checkSlot } from '../vault/slot.ts';
import type { KnownAuthorities } from './identity/known-authorities.ts';
import { changedAuthority, requireNoOther } from './identity/pinning.ts';
import { checkContinuity } from './log/check-continuity.ts';
import type { SeenCheckpoint } from './log/known-logs.ts';
import { describeLogState, type LogState } from './log/log-state.ts';
import { requireIdentity } from './open-authority.ts';

const slotKinds: readonly SlotKind[] = ['passphrase', 'raw', 'derived'];

/** A database that is only looked at: nothing is written to it, and nothing of it is remembered. */
export class ExaminedDatabase {
  readonly #database: Database;
  readonly #location: DatabaseLocation;

  constructor(database: Database, location: DatabaseLocation) {
    this.#database = database;
    this.#location = location;
  }

  /** A name without a password. */
  get name(): string {
    return this.#database.name;
  }

  get engine(): Engine {
    return this.#database.engine;
  }

  /** The version of the schema; that of an older one is not opened. */
  get schema(): number {
    return latestVersion();
  }

  /** The version of SQLite, or of the server. */
  readEngineVersion(): Promise<string> {
    return readEngineVersion(this.#database);
  }

  /**
   * Requires that the engine keeps what it acknowledges.
   *
   * @throws HanaperError `bad_config`, details: `setting`
   */
  async requireDurable(): Promise<void> {
    if (this.#location.engine === 'postgres') await requireDurableServer(this.#database, this.#location);
  }

  /** What SQLite's own check finds wrong; empty on PostgreSQL, which has none. */
  findDamage(): Promise<readonly string[]> {
    return this.#database.transact('read', findDamage);
  }

  /**
   * Whose database it is.
   *
   * @throws HanaperError `not_initialized`, `authority_tampered`, `database_corrupt`
   */
  readIdentity(): Promise<AuthorityIdentity> {
    return requireIdentity(this.#database);
  }

  /**
   * Requires that the database belongs to the authority that is expected, or else to the one that is known for it. Returns
   * whether anything says so.
   *
   * @throws HanaperError `authority_changed`, `bad_config`
   */
  async requireExpected(did: string, expected: string | undefined, known: KnownAuthorities): Promise<boolean> {
    if (expected === did) return true;
    if (expected !== undefined) throw changedAuthority(this.name, expected, did);
    return requireNoOther(await nameLocation(this.#location, this.#database), did, known);
  }

  /**
   * The kinds of the key slots, each signed by the authority.
   *
   * @throws HanaperError `slot_damaged`
   */
  async readSlots({ did, publicKey }: AuthorityIdentity): Promise<readonly SlotKind[]> {
    const slots = await this.#read(listKeySlots);
    for (const slot of slots) await checkSlot(slot, did, publicKey);
    return slots.map(({ kind }) => kind);
  }

  /** The ids of slots that were removed, as the log has them. */
  listRemovedSlots(): Promise<readonly string[]> {
    return this.#read(listRemovedSlots);
  }

  /**
   * How far the log has come, which is checked against what was seen of it.
   *
   * @throws HanaperError `log_rolled_back`, `log_tampered`
   */
  readLog(did: string, seen: readonly SeenCheckpoint[]): Promise<LogState> {
    return this.#read(async (transaction) => {
      await checkContinuity(transaction, did, seen);
      return describeLogState(transaction, (await readLogHead(transaction)).size);
    });
  }

  /** The time of the last entry of the log, and the database's own. */
  readTimes(): Promise<{ readonly lastEntry: Date; readonly now: Date }> {
    return this.#read(async (transaction) => {
      const { enrolledAt } = await readLogHead(transaction);
      return { lastEntry: new Date(enrolledAt ?? Number.NaN), now: await readTime(transaction) };
    });
  }

  #read<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#database.transact('read', work);
  }
}

/**
 * Opens a database to look at it, and closes it again.
 *
 * @throws HanaperError `bad_config`, `not_initialized`, `database_newer`, `database_older`, `database_corrupt`, `unavailable`
 */
export async function examineDatabase<Result>(
  url: string,
  look: (database: ExaminedDatabase) => Promise<Result>,
): Promise<Result> {
  const location = parseDatabaseUrl(url);
  try {
    return await lookInto(location, look);
  } catch (error) {
    // Somebody else has opened a file that nobody had open: from now on both share what lies beside it.
    if (!(error instanceof HanaperError) || error.details['reason'] !== changedMeanwhile) throw error;
    return await lookInto(location, look);
  }
}

async function lookInto<Result>(location: DatabaseLocation, look: (database: ExaminedDatabase) => Promise<Result>) {
  await using database = await openDatabase(location, 'glance', { waits: everydayWaits });
  return await look(new ExaminedDatabase(database, location));
}

/**
 * Which of the key slots that were removed still lie in a file of SQLite, or in what lies beside it: a process that was
 * reading when they were removed has kept them there. The database must not be open in this process.
 *
 * @throws HanaperError `unavailable`
 */
export function findKeptSlots(url: string, removed: readonly string[]): readonly string[] {
  const location = parseDatabaseUrl(url);
  if (location.engine !== 'sqlite' || removed.length === 0) return [];
  try {
    // In a row the kind comes right behind the id; in the log, which names the slot for good, it does not.
    const rows = removed.flatMap((id) => slotKinds.map((kind) => id + kind));
    const found = searchFiles(realpathSync(location.path), rows);
    return removed.filter((id) => found.some((row) => row.startsWith(id)));
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw new HanaperError('unavailable', `${location.path} cannot be read (${reason}).`, { reason }, cause);
  }
}
