const live = new Set<Secret>();

/**
 * Bytes that must not outlive their use: a seed, a passphrase, a derived key.
 * They lie in a buffer of their own (never a shared pool), have no text form of any kind,
 * and are overwritten with zeros when the `using` block ends.
 *
 * @example
 * using seed = Secret.adopt(randomBytes(32));
 */
export class Secret implements Disposable {
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  private constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    live.add(this);
  }

  /** Takes over `bytes`; the caller must not use them again. */
  static adopt(bytes: Uint8Array<ArrayBuffer>): Secret {
    if (bytes.byteLength === bytes.buffer.byteLength) return new Secret(bytes);
    const secret = Secret.copyOf(bytes);
    bytes.fill(0);
    return secret;
  }

  /** Copies `bytes` into a buffer of its own. */
  static copyOf(bytes: Uint8Array): Secret {
    return new Secret(new Uint8Array(bytes));
  }

  /** The bytes themselves, not a copy. Using them after the secret has ended is a `TypeError`. */
  get bytes(): Uint8Array<ArrayBuffer> {
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
