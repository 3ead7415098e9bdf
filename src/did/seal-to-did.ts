import { sealTo } from '../crypto/hpke.ts';
import { x25519KeyOfEd25519 } from '../crypto/x25519.ts';
import { decodeEd25519DidKey } from './did-key.ts';

/**
 * Seals `plaintext` to the key of an Ed25519 did:key, an authority's own among them: 48 bytes more than the plaintext.
 * Who holds that key opens it with the same `info`, which says what it is for, and `aad` (RFC 9180, section 6.1).
 *
 * @throws HanaperError `bad_input`, `malformed_key`, `weak_key`
 */
export async function sealToDid(
  did: string,
  plaintext: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  return sealTo(x25519KeyOfEd25519(decodeEd25519DidKey(did)), plaintext, info, aad);
}
