import type { Database } from '../../store/engine/database.ts';
import type { AuthorityIdentity } from '../../vault/authority-statement.ts';

/** A database, and the identity of the authority that it holds: what audits and readers need of an authority. */
export interface IdentifiedDatabase {
  readonly database: Database;
  readonly identity: AuthorityIdentity;
}
