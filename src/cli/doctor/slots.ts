import { findKeptSlots } from '../../authority/examine-database.ts';
import { type Check, ok, skipped, wrong } from './check.ts';

/** How the master key is reached, and whether a slot that was replaced is gone from the files. */
export const slots: Check = {
  name: 'slots',
  look: async (installation) => {
    const found = await installation.tryToExamine(async (database) => ({
      kinds: await database.readSlots(await database.readIdentity()),
      removed: await database.listRemovedSlots(),
    }));
    if (found === undefined) return [skipped('the database cannot be read')];
    const { kinds, removed } = found;
    if (kinds.length === 0)
      return [
        wrong(
          'slot_damaged',
          'No key slot is left, so that nothing opens the keys. Restore the database from a backup.',
        ),
      ];
    const kept = findKeptSlots(await installation.findDatabase(), removed);
    if (kept.length === 0) return [ok(describe(kinds))];
    const message = `A key slot that was replaced still lies in the files, since another process was reading then (${kept.join(', ')}): the old passphrase opens a copy of them.`;
    return [wrong('unavailable', message, 'hanaper validate')];
  },
};

function describe(kinds: readonly string[]): string {
  return `${kinds.length} key slot${kinds.length === 1 ? '' : 's'}: ${kinds.join(', ')}`;
}
