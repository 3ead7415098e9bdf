import { hkdfSync } from 'node:crypto';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import { untraced } from './untraced.ts';

export async function deriveHkdf(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<SecretBytes> {
  return takeSecret(new Uint8Array(untraced(() => hkdfSync('sha256', key, salt, info, length))));
}
