import type { AnyCommand } from '../schemas/command.ts';
import { grantAcl, listAcls, revokeAcl } from './acl.ts';
import { amendKey, amendTrust } from './amend-label.ts';
import { lockDatabase, unlockDatabase, validateSlot } from './database.ts';
import { listStoredDelegations, pruneDelegations, storeDelegations } from './delegation.ts';
import { exportTrust } from './export-trust.ts';
import { findStoredChain } from './find-chain.ts';
import { importLegacyTokens } from './import-legacy.ts';
import { createKey, exportKey, importKey, listKeys } from './key.ts';
import { proveLog, readLog, showCheckpoint, showLogKey } from './log.ts';
import { createOrganisation, listOrganisations, setOrganisation, showOrganisation } from './org.ts';
import { attachSignature, listPackageSignatures, signPackage, signPackageHash } from './package.ts';
import { listPackages } from './package-list.ts';
import { provePackage } from './package-proof.ts';
import { setPolicy, showPolicy } from './policy.ts';
import { revokeKey } from './revoke-key.ts';
import { rotateKey } from './rotate-key.ts';
import { showDelegation } from './show-delegation.ts';
import { addTrust, listTrust, revokeTrust } from './trust.ts';
import { revokeDelegation } from './ucan.ts';

/** Every command, in the order in which they are listed. */
export const commands: readonly AnyCommand[] = [
  createOrganisation,
  listOrganisations,
  showOrganisation,
  setOrganisation,
  createKey,
  importKey,
  listKeys,
  exportKey,
  rotateKey,
  revokeKey,
  amendKey,
  addTrust,
  listTrust,
  amendTrust,
  revokeTrust,
  exportTrust,
  setPolicy,
  showPolicy,
  grantAcl,
  listAcls,
  revokeAcl,
  signPackage,
  signPackageHash,
  attachSignature,
  listPackageSignatures,
  listPackages,
  provePackage,
  storeDelegations,
  listStoredDelegations,
  showDelegation,
  findStoredChain,
  pruneDelegations,
  revokeDelegation,
  importLegacyTokens,
  readLog,
  proveLog,
  showCheckpoint,
  showLogKey,
  validateSlot,
  unlockDatabase,
  lockDatabase,
] as readonly AnyCommand[];

const byName: ReadonlyMap<string, AnyCommand> = new Map(commands.map((command) => [command.name, command]));

/** The command of a name. */
export function findCommand(name: string): AnyCommand | undefined {
  return byName.get(name);
}
