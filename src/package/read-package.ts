import { HanaperError } from '../errors.ts';
import { PackageFile } from './open-package.ts';

const maxLoadLength = 512 * 1024 * 1024;

/**
 * Reads a package into memory, once.
 *
 * @throws HanaperError `package_unreadable`, `package_empty`, `too_large` above 512 MiB
 */
export function readPackage(path: string): Uint8Array<ArrayBuffer> {
  using file = new PackageFile(path);
  if (file.size > maxLoadLength) {
    throw new HanaperError('too_large', `${path} is larger than ${maxLoadLength} bytes, too large to be loaded.`, {
      path,
      size: file.size,
      most: maxLoadLength,
    });
  }
  const bytes = new Uint8Array(file.size);
  let length = 0;
  while (length < bytes.length) {
    const read = file.read(bytes.subarray(length));
    if (read === 0) break;
    length += read;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}
