import { encodeUtf8 } from '../bytes.ts';
import { hkdfSha256 } from '../crypto/hkdf.ts';
import { randomBytes } from '../crypto/random.ts';
import { Secret } from '../crypto/secret.ts';

/** What a key derived from the root secret is for. */
export type KeyPurpose = 'identity' | 'key-encryption' | 'record-encryption' | 'log';

const keyLength = 32;

/** A new root secret: 32 random bytes, from which every other key of a database comes. */
export function generateRootSecret(): Secret {
  return Secret.hold(randomBytes(keyLength));
}

/** The 32-byte key of one purpose: HKDF-SHA256 over the root secret with the purpose as its context string. */
export function deriveKey(root: Secret, purpose: KeyPurpose): Promise<Secret> {
  return hkdfSha256(root, encodeUtf8(`hanaper/v1/${purpose}`), keyLength);
}
