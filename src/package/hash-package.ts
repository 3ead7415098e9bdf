import { setImmediate } from 'node:timers/promises';
import { encodeHex } from '../bytes.ts';
import { createSha256 } from '../crypto/digest.ts';
import { PackageFile } from './open-package.ts';

/** Is told how many of how many bytes are hashed. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

// Synchronous reads of this size hash a large file at nearly the speed of SHA-256 itself; streams do not.
const chunkLength = 1024 * 1024;
const chunksBetweenPauses = 8;

/**
 * The SHA-256 of a file of any size, in constant memory: 64 hex characters.
 *
 * @throws HanaperError `package_unreadable`, `package_empty`
 */
export async function hashPackage(path: string, onProgress?: Progress): Promise<string> {
  using file = new PackageFile(path);
  const hash = createSha256();
  const buffer = new Uint8Array(Math.min(chunkLength, file.size));
  let done = 0;
  for (let chunk = 1; ; chunk++) {
    const length = file.read(buffer);
    if (length === 0) return encodeHex(hash.digest());
    hash.update(buffer.subarray(0, length));
    done += length;
    onProgress?.(done, file.size);
    if (chunk % chunksBetweenPauses === 0) await setImmediate();
  }
}
