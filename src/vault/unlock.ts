import { requireRefusal } from '../attempt.ts';
import { equalBytes } from '../bytes.ts';
import type { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import type { AuthorityIdentity } from './authority-statement.ts';
import { type Credential, checkSlot, type KeySlot, openSlot, takesCredential } from './slot.ts';
import { Vault } from './vault.ts';

type Identity = Pick<AuthorityIdentity, 'did' | 'publicKey'>;

/** A vault, and the slot that opened it. */
export interface Unlocked {
  readonly vault: Vault;
  readonly slot: KeySlot;
}

/**
 * Opens the vault with the first slot that the credential fits. For each: bounds, the authority's signature,
 * Argon2id, unwrapping, and last the public key that comes out against the authority's. A damaged slot is never
 * tried, and keeps no other from opening.
 *
 * @throws HanaperError `slot_damaged`, `wrong_passphrase`
 */
export async function unlockVault(
  authority: Identity,
  slots: readonly KeySlot[],
  credential: Credential,
): Promise<Unlocked> {
  let damage: HanaperError | undefined;
  // All are checked, so that one whose kind was altered is not passed over as another credential's.
  for (const slot of slots) {
    const found = await findDamage(slot, authority);
    damage ??= found;
    if (found || !takesCredential(slot, credential)) continue;
    const root = await openSlot(slot, credential);
    const vault = root && (await vaultOf(authority, root));
    if (vault) return { vault, slot };
  }
  throw damage ?? wrongCredential(credential);
}

async function findDamage(slot: KeySlot, { did, publicKey }: Identity): Promise<HanaperError | undefined> {
  try {
    await checkSlot(slot, did, publicKey);
    return undefined;
  } catch (error) {
    return requireRefusal(error);
  }
}

async function vaultOf(authority: Identity, root: Secret): Promise<Vault | undefined> {
  const vault = await Vault.unlock(root);
  if (equalBytes(vault.publicKey, authority.publicKey)) return vault;
  vault.lock();
  return undefined;
}

function wrongCredential({ kind }: Credential): HanaperError {
  const what = kind === 'raw' ? 'raw key' : 'passphrase';
  return new HanaperError(
    'wrong_passphrase',
    `This ${what} opens no key slot of this database. Check it and try again.`,
  );
}
