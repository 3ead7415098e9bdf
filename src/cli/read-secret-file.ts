import { Secret } from '../crypto/secret.ts';
import { readBounded } from './read-bounded.ts';

const maxBytes = 64 * 1024;

/** What a secret file held, and whether others than its owner may read it. */
export interface SecretFile {
  readonly content: Secret;
  readonly exposed: boolean;
}

/**
 * Reads a small file with a secret, or standard input (`-`), into memory that is wiped.
 *
 * @throws HanaperError `bad_input` where it cannot be read, or is larger than 64 KiB
 */
export async function readSecretFile(path: string): Promise<SecretFile> {
  const { bytes, exposed } = await readBounded(path, maxBytes);
  return { content: Secret.hold(bytes), exposed };
}
