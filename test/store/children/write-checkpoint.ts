/** Writes to a SQLite file, and moves its log into it: `write-checkpoint.ts PATH`. */
import { DatabaseSync } from 'node:sqlite';

const [path = ''] = process.argv.slice(2);
using file = new DatabaseSync(path);
file.exec("update organizations set name = 'other'; pragma wal_checkpoint(truncate)");
