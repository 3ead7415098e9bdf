import { argon2 } from 'node:crypto';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import type { Argon2Inputs, Argon2Parameters } from '../argon2.ts';

const tagLength = 32;

export function deriveArgon2id(
  message: Uint8Array,
  nonce: Uint8Array,
  { memoryKib, passes, lanes }: Argon2Parameters,
  inputs: Argon2Inputs,
): Promise<SecretBytes> {
  const costs = { memory: memoryKib, passes, parallelism: lanes };
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce, tagLength, ...costs, ...inputs }, (error, tag) => {
      if (error) reject(error);
      else resolve(takeSecret(tag));
    });
  });
}
