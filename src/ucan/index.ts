/**
 * UCAN 1.0: delegations, invocations, revocations, receipts and containers; made, read strictly, and validated.
 *
 * @example
 * import { decodeDelegation, decodeInvocation, proofsFrom, validateInvocation } from 'hanaper/ucan';
 *
 * const { subject, command, args } = await validateInvocation(decodeInvocation(bytes), {
 *   resolveProof: proofsFrom(proofs.map(decodeDelegation)), revocationsOf: () => [], now: Date.now() / 1000,
 * });
 */
export { type Allowance, Budget, type Work } from '../budget.ts';
export {
  type ChainContext,
  type Explanation,
  explainInvocation,
  type LinkExplanation,
  proofsFrom,
  type RuleFinding,
  type ValidatedAuthority,
  validateInvocation,
} from './chain/chain.ts';
export { type DelegationStatus, findDelegationStatus, listIssuersAbove } from './chain/delegation-status.ts';
export { explainDelegation } from './chain/explain-delegation.ts';
export {
  type Candidate,
  type DelegationSource,
  findChain,
  sourceOf,
  unrevoked,
  type Wish,
} from './chain/find-chain.ts';
export { gatherRevocations } from './chain/gather-revocations.ts';
export type { Chain, Circumstances, Link, RevocationRecord, Rule } from './chain/rules.ts';
export { cidKey, computeCid, formatCid, isTokenCid, parseCid } from './encoding/cid.ts';
export {
  type ContainerEncoding,
  containerEncodings,
  decodeContainer,
  encodeContainer,
  isContainer,
} from './encoding/container.ts';
export { decodeDagCbor, encodeDagCbor } from './encoding/dag-cbor.ts';
export { fromJsonValue, parseDagJson, toDagJson, toJsonValue } from './encoding/dag-json.ts';
export { type IpldMap, type IpldValue, ipldMap, isIpldMap, toIpld, toIpldMap } from './encoding/ipld.ts';
export { decodeVarsig, encodeVarsig, type Varsig } from './encoding/varsig.ts';
export { decodeLegacyToken, type LegacyToken, verifyLegacySignature } from './legacy/legacy.ts';
export type { LegacyCapability } from './legacy/legacy-capabilities.ts';
export { limits } from './limits.ts';
export { findPolicyFailure, type PolicyFailure } from './policy/match.ts';
export { type Comparison, type Policy, parsePolicy, type Statement } from './policy/policy.ts';
export { coversCommand, isCommand } from './token/command.ts';
export {
  type Delegation,
  type DelegationClaims,
  decodeDelegation,
  signDelegation,
} from './token/delegation.ts';
export { type CacheBounds, DelegationCache } from './token/delegation-cache.ts';
export {
  decodeEnvelope,
  defaultVersion,
  type Envelope,
  payloadDigestOf,
  signEnvelope,
  type TokenKind,
  type UcanVersion,
} from './token/envelope.ts';
export { isDid } from './token/fields.ts';
export {
  decodeInvocation,
  type Invocation,
  type InvocationClaims,
  signInvocation,
  taskCidOf,
} from './token/invocation.ts';
export {
  type Receipt,
  type ReceiptClaims,
  type ReceiptOutcome,
  readReceipt,
  receiptCommand,
  signReceipt,
} from './token/receipt.ts';
export {
  cidsOf,
  type Revocation,
  type RevocationClaims,
  readRevocation,
  revokeCommand,
  signRevocation,
} from './token/revocation.ts';
export { type Signer, signerOf } from './token/signer.ts';
export { decodeToken, looksLikeTokens, partitionTokens, readToken, unpackTokens } from './token/tokens.ts';
export { isSignatureValid, isVerified, type KeyResolver, type Verified, verifyToken } from './token/verified.ts';
