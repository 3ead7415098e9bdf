import { createPublicKey, verify } from 'node:crypto';

export async function verifyRsaMessage(
  pkcs1: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = Buffer.from(pkcs1.buffer, pkcs1.byteOffset, pkcs1.length);
  return verify('sha256', message, createPublicKey({ key, format: 'der', type: 'pkcs1' }), signature);
}
