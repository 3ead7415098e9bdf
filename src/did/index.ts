/** Decentralized identifiers: the names of keys. */
export { decodeDidKey, encodeDidKey, isDidKey } from './did-key.ts';
