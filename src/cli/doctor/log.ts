import { attempt } from '../../attempt.ts';
import { describeSpan } from './age.ts';
import { type Check, note, ok } from './check.ts';
import { needsDatabase } from './needs-database.ts';

/** Whether the log continues what was seen of it, and how much of it is under a checkpoint. */
export const log: Check = needsDatabase('log', async (database, installation) => {
  const { did } = await database.readIdentity();
  // A memory that cannot be read is another check's matter.
  const seen = attempt(() => installation.seen.list(did)) ?? [];
  const { entries, signed, signedAt } = await database.readLog(did, seen);
  const continues = seen.length === 0 ? 'nothing was seen of it before' : 'it continues what was seen before';
  const text = `${count(entries)}, and ${continues}; last checkpoint ${signedAt ? `${describeSpan(Date.now() - Date.parse(signedAt))} ago` : 'none'}`;
  if (signed === entries) return [ok(text)];
  const message = `${text}; ${count(entries - signed)} not under a checkpoint yet. A running server or the next command that writes makes one.`;
  return [note(message, 'hanaper log verify')];
});

function count(entries: number): string {
  return entries === 1 ? '1 entry' : `${entries} entries`;
}
