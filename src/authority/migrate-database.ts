/** The schema of a database, for the command line: write access to the database is all that it needs. */
export { down, type Loss, latestVersion, planDown, readVersion, type SchemaChange, up } from '../store/index.ts';
