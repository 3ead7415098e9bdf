/** The schema of a database, up and down. All else that is stored is reached through `hanaper/authority`. */
export {
  type DownOptions,
  down,
  type MigrationOptions,
  planDown,
  readVersion,
  type SchemaChange,
  up,
} from './migrate-database.ts';
export type { Loss } from './migrations/losses.ts';
export { latestVersion } from './migrations/migrate.ts';
