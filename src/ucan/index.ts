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
} from './chain.ts';
export { cidKey, computeCid, formatCid, isTokenCid, parseCid } from './cid.ts';
export { coversCommand, isCommand } from './command.ts';
export {
  type ContainerEncoding,
  containerEncodings,
  decodeContainer,
  encodeContainer,
  isContainer,
} from './container.ts';
export { decodeDagCbor, encodeDagCbor } from './dag-cbor.ts';
export { fromJsonValue, parseDagJson, toDagJson, toJsonValue } from './dag-json.ts';
export {
  type Delegation,
  type DelegationClaims,
  decodeDelegation,
  signDelegation,
} from './delegation.ts';
export { type CacheBounds, DelegationCache } from './delegation-cache.ts';
export {
  decodeEnvelope,
  defaultVersion,
  type Envelope,
  payloadDigestOf,
  signEnvelope,
  type TokenKind,
  type UcanVersion,
} from './envelope.ts';
export { explainDelegation } from './explain-delegation.ts';
export { isDid } from './fields.ts';
export { type Candidate, type DelegationSource, findChain, sourceOf, unrevoked, type Wish } from './find-chain.ts';
export { gatherRevocations } from './gather-revocations.ts';
export {
  decodeInvocation,
  type Invocation,
  type InvocationClaims,
  signInvocation,
  taskCidOf,
} from './invocation.ts';
export { type IpldMap, type IpldValue, ipldMap, isIpldMap, toIpld, toIpldMap } from './ipld.ts';
export { decodeLegacyToken, type LegacyToken, verifyLegacySignature } from './legacy.ts';
export type { LegacyCapability } from './legacy-capabilities.ts';
export { limits } from './limits.ts';
export { findPolicyFailure, type PolicyFailure } from './match.ts';
export { type Comparison, type Policy, parsePolicy, type Statement } from './policy.ts';
export {
  type Receipt,
  type ReceiptClaims,
  type ReceiptOutcome,
  readReceipt,
  receiptCommand,
  signReceipt,
} from './receipt.ts';
export {
  cidsOf,
  type Revocation,
  type RevocationClaims,
  readRevocation,
  revokeCommand,
  signRevocation,
} from './revocation.ts';
export type { Chain, Circumstances, Link, RevocationRecord, Rule } from './rules.ts';
export { type Signer, signerOf } from './signer.ts';
export { findStanding, listIssuersAbove, type Standing } from './standing.ts';
export { decodeToken, looksLikeTokens, partitionTokens, readToken, unpackTokens } from './tokens.ts';
export { decodeVarsig, encodeVarsig, type Varsig } from './varsig.ts';
export { isSignatureValid, isVerified, type KeyResolver, type Verified, verifyToken } from './verified.ts';
