import { hkdfSync } from 'node:crypto';
import { untraced } from './untraced.ts';

export async function deriveHkdf(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(untraced(() => hkdfSync('sha256', key, salt, info, length)));
}
