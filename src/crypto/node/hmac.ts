import { createHmac } from 'node:crypto';

export async function authenticateSha256(key: Uint8Array, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const code = createHmac('sha256', key).update(message).digest();
  const output = new Uint8Array(code);
  code.fill(0);
  return output;
}
