import { createUuid } from '../crypto/uuid.ts';
import { HanaperError } from '../errors.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { deleteKeySlot, insertKeySlot, listKeySlots } from '../store/tables/key-slots.ts';
import { addSlot } from '../vault/create.ts';
import type { Credential, KeySlot, SlotPlan } from '../vault/slot.ts';
import type { Authority } from './authority.ts';
import { lockLogEnd } from './log/log-end.ts';
import { makeCheckpoint } from './log/make-checkpoint.ts';
import { appendOwnEntry } from './log/own-entries.ts';
import { tryCheckpoint } from './log/try-checkpoint.ts';
import { restateAuthority } from './restate-authority.ts';

/** Which slot went, and which took its place. */
export interface ChangedCredential {
  readonly added: KeySlot;
  readonly removed: KeySlot;
  /** Whether the old slot is gone from the files too; a process that was reading can have stood in the way. */
  readonly erased: boolean;
}

/**
 * Replaces the key slot that `current` opens by one that `next` opens. Nothing else is re-encrypted.
 * The old slot is overwritten in the file and its log; copies that were made before keep it.
 *
 * @throws HanaperError `wrong_passphrase`, `slot_damaged`, `bad_input`, `not_found` where somebody else just changed it,
 * `log_tampered`, `log_rolled_back`
 */
export async function changeCredential(
  authority: Authority,
  current: Credential,
  next: Credential,
  costs: SlotPlan['costs'],
): Promise<ChangedCredential> {
  await authority.logWatch.hold();
  const { vault, slot: removed } = await authority.openVault(current);
  using open = vault;
  await authority.upgrade(open);
  const createdAt = await authority.database.transact('read', (transaction) => authority.readNow(transaction));
  const plan = { id: createUuid(new Date(createdAt)), createdAt, credential: next, costs };
  const added = await addSlot(open, plan);
  await authority.database.transact('write', async (transaction) => {
    const head = await lockLogEnd(transaction);
    await authority.followed.hold(transaction, head);
    await requireSlot(transaction, removed);
    await insertKeySlot(transaction, added);
    await restateAuthority(transaction, open, { derivationMethod: added.kind });
    await deleteKeySlot(transaction, removed.id);
    const args = { added: added.id, removed: removed.id };
    await appendOwnEntry(transaction, open, { command: '/slot/replace', args, now: createdAt, head });
  });
  const { database, followed } = authority;
  const context = { database, followed, vault: open, readNow: async () => createdAt };
  await tryCheckpoint(
    async () => authority.logWatch.remember(await makeCheckpoint(context)),
    (...event) => authority.report(...event),
  );
  const erased = await authority.database.emptyWriteAheadLog();
  authority.report('slot.added', { slot: added.id, kind: added.kind });
  authority.report('slot.removed', { slot: removed.id, kind: removed.kind });
  return { added, removed, erased };
}

async function requireSlot(transaction: Transaction, slot: KeySlot): Promise<void> {
  const slots = await listKeySlots(transaction);
  if (slots.some(({ id }) => id === slot.id)) return;
  throw new HanaperError(
    'not_found',
    'This key slot was replaced in the meantime by somebody else. Nothing was changed.',
    {
      kind: 'key slot',
      slot: slot.id,
    },
  );
}
