import { argon2idAsync } from '@noble/hashes/argon2.js';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import type { Argon2Inputs, Argon2Parameters } from '../argon2.ts';

const tagLength = 32;

// WebCrypto has no Argon2 that every browser knows.
export async function deriveArgon2id(
  message: Uint8Array,
  nonce: Uint8Array,
  { memoryKib, passes, lanes }: Argon2Parameters,
  { secret, associatedData }: Argon2Inputs,
): Promise<SecretBytes> {
  const tag = await argon2idAsync(message, nonce, {
    m: memoryKib,
    t: passes,
    p: lanes,
    dkLen: tagLength,
    ...(secret && { key: secret }),
    ...(associatedData && { personalization: associatedData }),
  });
  return takeSecret(tag);
}
