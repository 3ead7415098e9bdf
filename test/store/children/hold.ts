/** Holds a SQLite file in an exclusive transaction until it is killed: `hold.ts PATH`. */
import { DatabaseSync } from 'node:sqlite';
import { waitForGo } from './say.ts';

const [path = ''] = process.argv.slice(2);
const file = new DatabaseSync(path);
file.exec('pragma locking_mode = exclusive; begin exclusive');
await waitForGo();
file.close();
