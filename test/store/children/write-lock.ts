/** Holds a SQLite file in a write transaction until it is killed: `write-lock.ts PATH`. */
import { DatabaseSync } from 'node:sqlite';
import { waitForGo } from './say.ts';

const [path = ''] = process.argv.slice(2);
const file = new DatabaseSync(path);
file.exec('begin immediate');
await waitForGo();
file.close();
