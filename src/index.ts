/**
 * Hanaper: verify before load.
 *
 * @example
 * import { createLoader, openAuthority } from 'hanaper';
 *
 * await using authority = await openAuthority({ database: 'sqlite:hanaper.db' });
 * const loader = createLoader({ security: { requireSignatures: true, verificationOrg: 'acme' }, trust: authority });
 * const plugin = await loader.load('plugin.wasm');
 */
export { type Authority, type AuthorityOptions, openAuthority } from './authority/index.ts';
export { type ErrorCode, type ErrorDetails, errorCodes, HanaperError } from './errors.ts';
export { type EventName, eventNames, type HanaperEvent, type Observer } from './events.ts';
export * from './loader/index.ts';
export {
  type OfflineOptions,
  type SignatureSource,
  type VerificationResult,
  type VerifyOptions,
  verifyPackage,
  verifyPackageOffline,
} from './package/index.ts';
export type { TrustMaterial, TrustQuery, TrustSource } from './trust/index.ts';
