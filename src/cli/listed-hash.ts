import { HanaperError } from '../errors.ts';
import { hashPackage, type Progress } from '../package/hash-package.ts';
import type { Target } from './package-target.ts';

/**
 * Checks a file that a list of checksums names against its line, where the file is there.
 *
 * @throws HanaperError `package_tampered`, `package_unreadable`, `package_empty`
 */
export async function requireListedHash({ path, hash, isPresent }: Target, onProgress: Progress): Promise<void> {
  if (!isPresent) return;
  const actual = await hashPackage(path, onProgress);
  if (actual === hash) return;
  throw new HanaperError('package_tampered', `${path} is not the file that the list names: its SHA-256 differs.`, {
    expected: hash,
    actual,
  });
}
