/** Whose signatures count: trust as a value that is handed to verification, and the interface of whatever gives it. */
export { resolveTrustedKeys, trustBareKeys } from './resolve.ts';
export type { TrustMaterial, TrustQuery, TrustSource } from './source.ts';
