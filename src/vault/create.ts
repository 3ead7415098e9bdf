import { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import {
  type AuthorityRow,
  type AuthorityStatement,
  encodeAuthorityStatement,
  latestVersion,
  type SlotKind,
} from './authority-statement.ts';
import { requireCostsWithinBounds } from './costs.ts';
import { generateRootSecret } from './root-secret.ts';
import {
  deriveRootSecret,
  encodeSlot,
  type KeySlot,
  type SlotPlan,
  type UnsignedSlot,
  wrapRootSecret,
} from './slot.ts';
import { Vault } from './vault.ts';

/** A new database's vault, and the two rows that it begins with. */
export interface NewVault {
  readonly vault: Vault;
  readonly authority: AuthorityRow;
  readonly slot: KeySlot;
}

/**
 * Makes a root secret and its first key slot.
 *
 * @throws HanaperError `bad_input`
 */
export async function createVault(plan: SlotPlan, kind: SlotKind): Promise<NewVault> {
  requireCostsWithinBounds(plan.costs);
  if ((kind === 'raw') !== (plan.credential.kind === 'raw')) {
    throw new HanaperError('bad_input', `A slot of kind "${kind}" does not take a ${plan.credential.kind} credential.`);
  }
  const { vault, slot } = await firstSlot(plan, kind);
  return {
    vault,
    authority: await signAuthority(vault, {
      version: latestVersion,
      derivationMethod: kind,
      createdAt: plan.createdAt,
    }),
    slot: await signSlot(vault, slot),
  };
}

/**
 * A further slot of an open vault.
 *
 * @throws HanaperError `bad_input`, `locked`
 */
export async function addSlot(vault: Vault, plan: SlotPlan): Promise<KeySlot> {
  requireCostsWithinBounds(plan.costs);
  return signSlot(vault, await vault.withRootSecret((root) => wrapRootSecret(root, plan)));
}

/** The authority row of an open vault, signed by its identity key. */
export async function signAuthority(
  vault: Vault,
  { version, derivationMethod, createdAt }: Pick<AuthorityStatement, 'version' | 'derivationMethod' | 'createdAt'>,
): Promise<AuthorityRow> {
  const statement: AuthorityStatement = {
    version,
    masterPublicKey: vault.publicKey,
    algorithm: 'ed25519',
    derivationMethod,
    createdAt,
  };
  const bytes = encodeAuthorityStatement(statement);
  return { ...statement, statement: bytes, signature: await vault.sign(bytes) };
}

async function firstSlot(plan: SlotPlan, kind: SlotKind): Promise<{ vault: Vault; slot: UnsignedSlot }> {
  if (kind === 'derived' && plan.credential.kind === 'passphrase') {
    const { slot, root } = await deriveRootSecret(plan.credential.passphrase, plan);
    return { slot, vault: await Vault.unlock(root) };
  }
  using root = generateRootSecret();
  const slot = await wrapRootSecret(root, plan);
  return { slot, vault: await Vault.unlock(Secret.copyOf(root.bytes)) };
}

async function signSlot(vault: Vault, slot: UnsignedSlot): Promise<KeySlot> {
  return { ...slot, signature: await vault.sign(encodeSlot(slot, vault.did)) };
}
