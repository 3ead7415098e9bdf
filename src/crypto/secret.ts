import { copySecret, type SecretBytes, takeSecret } from '../secret-bytes.ts';

const live = new Set<Secret>();

/**
 * Bytes that must not outlive their use: a seed, a passphrase, a derived key.
 * They lie in a buffer of their own, outside of the collected heap and of every shared pool, have no text form of any kind,
 * and are overwritten with zeros when the `using` block ends.
 *
 * @example
 * using seed = Secret.adopt(randomBytes(32));
 */
export class Secret implements Disposable {
  #bytes: SecretBytes | undefined;

  private constructor(bytes: SecretBytes) {
    this.#bytes = bytes;
    live.add(this);
  }

  /** Holds bytes that were allocated for a secret, not a copy. The caller must not use them again. */
  static hold(bytes: SecretBytes): Secret {
    return new Secret(bytes);
  }

  /** Moves `bytes` into a buffer of its own: what was given is overwritten with zeros. */
  static adopt(bytes: Uint8Array): Secret {
    return new Secret(takeSecret(bytes));
  }

  /** Copies `bytes` into a buffer of its own; what was given stays as it is. */
  static copyOf(bytes: Uint8Array): Secret {
    return new Secret(copySecret(bytes));
  }

  /** The bytes themselves, not a copy. Using them after the secret has ended is a `TypeError`. */
  get bytes(): SecretBytes {
    if (this.#bytes === undefined) throw new TypeError('this secret has been wiped');
    return this.#bytes;
  }

  /** Length in bytes. */
  get length(): number {
    return this.bytes.length;
  }

  /** Overwrites the bytes with zeros. A second call does nothing. */
  [Symbol.dispose](): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
    live.delete(this);
  }
}

/** Wipes every secret that is still alive: for the end of a process and its signals. */
export function wipeAllSecrets(): void {
  for (const secret of live) secret[Symbol.dispose]();
}
