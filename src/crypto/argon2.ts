import { deriveArgon2id } from '#crypto/argon2';
import { Secret } from './secret.ts';

/** The costs of one Argon2id derivation (RFC 9106, section 3.1). */
export interface Argon2Parameters {
  /** Memory in KiB. */
  readonly memoryKib: number;
  /** Passes over the memory. */
  readonly passes: number;
  /** Degree of parallelism. */
  readonly lanes: number;
}

/** The optional inputs of RFC 9106: a secret value and associated data. */
export interface Argon2Inputs {
  readonly secret?: Uint8Array;
  readonly associatedData?: Uint8Array;
}

/** Argon2id version 0x13 (RFC 9106): 32 bytes from a passphrase and a salt, off the main thread. */
export async function argon2id(
  passphrase: Secret,
  salt: Uint8Array,
  parameters: Argon2Parameters,
  inputs: Argon2Inputs = {},
): Promise<Secret> {
  return Secret.hold(await deriveArgon2id(passphrase.bytes, salt, parameters, inputs));
}
