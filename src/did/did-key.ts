import { base58btc } from 'multiformats/bases/base58';
import { concatBytes, equalBytes } from '../bytes.ts';
import { type Ed25519PublicKey, importPublicKey } from '../crypto/ed25519.ts';
import { HanaperError } from '../errors.ts';

const scheme = 'did:key:';
// The multicodec `ed25519-pub` (0xed) as a varint.
const ed25519Codec = Uint8Array.of(0xed, 0x01);
const ed25519DidLength = scheme.length + 48;

/** The did:key of an Ed25519 public key: `did:key:z6Mk…` (did:key v0.9, section 3.1.2). */
export function encodeDidKey(publicKey: Ed25519PublicKey): string {
  return scheme + base58btc.encode(concatBytes(ed25519Codec, publicKey));
}

/**
 * The public key of an Ed25519 did:key, which must be in its one canonical form.
 *
 * @throws HanaperError `bad_input`, `malformed_key`, `weak_key`
 */
export function decodeDidKey(did: string): Ed25519PublicKey {
  const bytes =
    did.length === ed25519DidLength && did.startsWith(scheme) ? decodeBase58(did.slice(scheme.length)) : undefined;
  if (bytes === undefined || !equalBytes(bytes.subarray(0, 2), ed25519Codec)) {
    throw new HanaperError('bad_input', 'This is no did:key of an Ed25519 key; one looks like did:key:z6Mk….', {
      expected: 'did:key:z6Mk…',
    });
  }
  return importPublicKey(bytes.subarray(2));
}

/** Whether `text` is a canonical did:key of an Ed25519 key. */
export function isDidKey(text: string): boolean {
  try {
    return encodeDidKey(decodeDidKey(text)) === text;
  } catch (error) {
    if (error instanceof HanaperError) return false;
    throw error;
  }
}

function decodeBase58(multibase: string): Uint8Array | undefined {
  try {
    return base58btc.decode(multibase);
  } catch {
    return undefined;
  }
}
