import { createHmac } from 'node:crypto';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';

export async function authenticateSha256(key: Uint8Array, message: Uint8Array): Promise<SecretBytes> {
  return takeSecret(createHmac('sha256', key).update(message).digest());
}
