import { describeSpan } from './age.ts';
import type { Check } from './check.ts';
import { note, ok, wrong } from './check.ts';
import { needsDatabase } from './needs-database.ts';

// An invocation lives five minutes, and was signed by the caller's clock.
const mostApart = 60_000;
const remedy = 'timedatectl set-ntp true';

/** Whether this machine's clock is behind the log, or apart from that of the database. */
export const clock: Check = needsDatabase('clock', async (database) => {
  const { lastEntry, now: theirs } = await database.readTimes();
  const now = new Date();
  const behind = lastEntry.getTime() - now.getTime();
  if (Number.isNaN(behind)) return [note('the log has no time to compare it with')];
  if (behind > mostApart) {
    const message = `The last entry of the log is ${describeSpan(behind)} ahead of this clock (${now.toISOString()}): the clock is wrong, or was when that was written.`;
    return [wrong('bad_config', message, remedy)];
  }
  const apart = theirs.getTime() - now.getTime();
  if (Math.abs(apart) > mostApart) {
    const message = `The clock of the database is ${describeSpan(apart)} ${apart > 0 ? 'ahead of' : 'behind'} this one (${now.toISOString()}).`;
    return [wrong('bad_config', message, remedy)];
  }
  return [ok(`${now.toISOString()}, ${describeSpan(behind)} after the last entry of the log`)];
});
