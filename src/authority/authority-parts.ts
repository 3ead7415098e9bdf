import type { Observer } from '../events.ts';
import type { Database } from '../store/engine/database.ts';
import type { AuthorityIdentity } from '../vault/authority-statement.ts';
import type { KnownLogs } from './log/known-logs.ts';

/** What an authority is made of. */
export interface AuthorityParts {
  readonly database: Database;
  readonly identity: AuthorityIdentity;
  readonly observer?: Observer;
  /** Default: the database's own time. */
  readonly clock?: () => Date;
  /** Milliseconds after which an entry of the log comes under a checkpoint; default: when this is closed. */
  readonly checkpointDelay?: number;
  /** What was seen of logs before: what does not continue it is not unlocked. */
  readonly knownLogs?: KnownLogs;
}
