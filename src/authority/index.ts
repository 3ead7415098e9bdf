/** Where the rules meet the rows: opens a database, executes commands, and is a source of trust. */
export {
  type Audited,
  type AuditOptions,
  type AuditPhase,
  type AuditProgress,
  auditDatabase,
} from './audit/database/audit-database.ts';
export { auditExport, type ExportAuditOptions } from './audit/export/audit-export.ts';
export { type ExportedLog, exportLog, type WriteExport } from './audit/export/write-export.ts';
export { type Finding, type FindingKind, Findings, type Unverifiable } from './audit/findings.ts';
export type { GoodCheckpoint } from './audit/tree-checker.ts';
export { Authority } from './authority.ts';
export type { AuthorityParts } from './authority-parts.ts';
export { type ChangedCredential, changeCredential } from './change-credential.ts';
export { type AclArgs, type AclDocument, grantAcl, listAcls, revokeAcl } from './commands/acl.ts';
export { type AmendKeyArgs, type AmendTrustArgs, amendKey, amendTrust } from './commands/amend-label.ts';
export {
  type DelegationListDocument,
  type ListDelegationsArgs,
  listStoredDelegations,
  pruneDelegations,
  storeDelegations,
} from './commands/delegation.ts';
export type { DelegationDocument, DelegationState, StatedDelegation } from './commands/delegation-document.ts';
export { type ExportTrustArgs, exportTrust, type TrustBundleDocument } from './commands/export-trust.ts';
export { type FindChainArgs, findStoredChain } from './commands/find-chain.ts';
export { type ImportLegacyArgs, importLegacyTokens, type LegacyImportDocument } from './commands/import-legacy.ts';
export type { StoredDocument } from './commands/keep-delegations.ts';
export {
  createKey,
  type ExportedKeyDocument,
  exportKey,
  type ImportKeyArgs,
  importKey,
  listKeys,
} from './commands/key.ts';
export {
  type EffectDocument,
  type EntryDocument,
  type EntryListDocument,
  type ProveArgs,
  proveLog,
  type ReadLogArgs,
  readLog,
  showCheckpoint,
  showLogKey,
} from './commands/log.ts';
export {
  createOrganisation,
  listOrganisations,
  type OrganisationDocument,
  setOrganisation,
  showOrganisation,
} from './commands/org.ts';
export {
  type AttachArgs,
  type AttachedDocument,
  attachSignature,
  listPackageSignatures,
  type SignArgs,
  type SignedDocument,
  type SignHashArgs,
  type StoredSignatureDocument,
  signPackage,
  signPackageHash,
} from './commands/package.ts';
export {
  type ListPackagesArgs,
  listPackages,
  type PackageListDocument,
  type SignedPackageDocument,
} from './commands/package-list.ts';
export { type ProvePackageArgs, provePackage } from './commands/package-proof.ts';
export { type PolicyDocument, setPolicy, showPolicy } from './commands/policy.ts';
export { readLegacySource } from './commands/read-legacy-source.ts';
export { type RevokedKeyDocument, type RevokeKeyArgs, revokeKey } from './commands/revoke-key.ts';
export { type RotatedKeyDocument, rotateKey } from './commands/rotate-key.ts';
export {
  type RecordedRevocation,
  type ShowDelegationArgs,
  type ShownDelegationDocument,
  showDelegation,
} from './commands/show-delegation.ts';
export {
  type AddTrustArgs,
  addTrust,
  listTrust,
  type RevokedTrustDocument,
  type RevokeTrustArgs,
  revokeTrust,
  type TrustedKeyDocument,
} from './commands/trust.ts';
export { type RevocationDocument, revokeDelegation } from './commands/ucan.ts';
export type { Answer } from './execution/execute.ts';
export { resultOf } from './execution/result-of.ts';
export { type KnownAuthorities, knownAuthoritiesFile } from './identity/known-authorities.ts';
export {
  type Initialized,
  type InitializeOptions,
  initializeAuthority,
  requireInitializable,
  requireUninitialized,
} from './initialize.ts';
export { type HostedPrincipal, issueDelegation, openSigner } from './issue-delegation.ts';
export type { KeyRevocationArgs, KeyRevocationDocument } from './keys/revoke-keys.ts';
export type { CreateKeyArgs, KeyReference, SigningKeyDocument } from './keys/signing-keys.ts';
export { type CheckedProof, checkHead, checkProof, type OpenedProof, openLogProof } from './log/check-proof.ts';
export type { KnownLogs, SeenCheckpoint } from './log/known-logs.ts';
export type { CheckpointDocument, LogKeyDocument, LogProofDocument } from './log/proof-document.ts';
export { type AuthorityOptions, openAuthority } from './open-authority.ts';
export { proveInclusion } from './prove-inclusion.ts';
export type { Command, CommandContext, CommandSubject, OrganisationContext } from './schemas/command.ts';
export { describeAuthority, readStatus, type StatusDocument } from './status.ts';
export { StoredTokens } from './tokens/stored-tokens.ts';
export { type ValidationDocument, validateAuthority } from './validate.ts';
export {
  explainByDatabase,
  explainDelegationByDatabase,
  type InvocationCircumstances,
  validateByDatabase,
} from './verify-invocation.ts';
