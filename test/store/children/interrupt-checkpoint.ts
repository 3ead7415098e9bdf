/**
 * Writes to pages all over a SQLite file, and kills itself in the middle of a checkpoint: `interrupt-checkpoint.ts PATH`. It is
 * run with a limit to how far files may be written, which stops the checkpoint on its way.
 */
import { DatabaseSync } from 'node:sqlite';
import { say } from './say.ts';

const [path = ''] = process.argv.slice(2);
const file = new DatabaseSync(path);
const before = file.prepare('pragma wal_checkpoint(noop)').get();
file.exec(`update theirs set bytes = x'01' where id in (1, (select max(id) from theirs), 200)`);
try {
  file.exec('pragma wal_checkpoint(passive)');
  say('The checkpoint came to its end.');
} catch {
  const after = file.prepare('pragma wal_checkpoint(noop)').get();
  if (before?.['checkpointed'] !== after?.['checkpointed']) say('The checkpoint has moved frames.');
}
process.kill(process.pid, 'SIGKILL');
