import { concatBytes, encodeHex } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { verify } from '../crypto/ed25519.ts';
import { dropOldest } from '../drop-oldest.ts';
import type { VerifySignature } from './verify.ts';

// Two megabytes of digests.
const maxKept = 10_000;

/**
 * Signatures that were found to be valid, so that one that many ask about is computed once. Whose key it is, whether it is
 * trusted, and time are no part of it. What came in first goes first.
 */
export class SignatureCache {
  readonly #most: number;
  readonly #valid = new Set<string>();

  constructor(most: number = maxKept) {
    this.#most = most;
  }

  /** Forgets all. */
  clear(): void {
    this.#valid.clear();
  }

  /** Like `verify` of `hanaper/crypto`, and to be handed on by itself; of a signature that is not valid nothing is kept. */
  readonly verify: VerifySignature = async (publicKey, message, signature) => {
    const name = nameOf(publicKey, message, signature);
    if (this.#valid.has(name)) return true;
    if (!(await verify(publicKey, message, signature))) return false;
    this.#valid.add(name);
    dropOldest(this.#valid, this.#most);
    return true;
  };
}

// Key and signature have one length, so that no two triples are read alike; `verify` refuses what has another.
function nameOf(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): string {
  return signature.length === 64 ? encodeHex(sha256(concatBytes(publicKey, signature, message))) : '';
}
