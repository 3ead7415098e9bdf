/** Reads a SQLite file in one transaction, for as many milliseconds as are said: `read.ts PATH MILLISECONDS`. */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../../store/children/say.ts';

const [path = '', milliseconds = '0'] = process.argv.slice(2);
const file = new DatabaseSync(path);
file.exec('begin');
file.prepare('select count(*) from key_slots').all();
say('reading');
await sleep(Number(milliseconds));
file.close();
