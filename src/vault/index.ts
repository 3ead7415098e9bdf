/** The master key: root secret, key slots, derived keys, sealed keys and records. */
export {
  type AuthorityIdentity,
  type AuthorityRow,
  type AuthorityStatement,
  type AuthorityVersion,
  checkAuthority,
  type SlotKind,
} from './authority-statement.ts';
export { areCostsWithinBounds, requireCostsWithinBounds, type SecurityLevel, securityLevels } from './costs.ts';
export { addSlot, createVault, type NewVault, signAuthority } from './create.ts';
export { preparePassphrase, readPassphrase } from './passphrase.ts';
export { type Credential, checkSlot, type KeySlot, type SlotPlan, type UnsignedSlot } from './slot.ts';
export { estimateStrength, type PassphraseStrength, requireStrongPassphrase } from './strength.ts';
export { type Unlocked, unlockVault } from './unlock.ts';
export { type SealedKeyPlace, sealedKeyLength, Vault } from './vault.ts';
