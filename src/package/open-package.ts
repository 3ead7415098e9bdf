import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';

/** An open package file. Ends with the `using` block around it. */
export class PackageFile implements Disposable {
  readonly path: string;
  /** Bytes, as the file was opened. */
  readonly size: number;
  readonly #descriptor: number;

  /** @throws HanaperError `package_unreadable`, `package_empty` */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openReadOnly(path);
    try {
      this.size = requireSize(path, this.#descriptor);
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }

  /**
   * Reads on into `buffer`; 0 at the end.
   *
   * @throws HanaperError `package_unreadable`
   */
  read(buffer: Uint8Array): number {
    try {
      return readSync(this.#descriptor, buffer);
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

// Without blocking: opening a pipe that nobody writes to must not hang.
function openReadOnly(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function requireSize(path: string, descriptor: number): number {
  const status = fstatSync(descriptor);
  if (!status.isFile()) {
    const reason = status.isDirectory() ? 'is a folder' : 'is not a regular file';
    throw new HanaperError('package_unreadable', `${path} ${reason}; a package is one file.`, { path, reason });
  }
  if (status.size === 0)
    throw new HanaperError('package_empty', `${path} is empty; there is nothing to sign or verify.`, { path });
  return status.size;
}

function unreadable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unreadable';
  const missing = reason === 'ENOENT' ? 'does not exist' : `cannot be read (${reason})`;
  return new HanaperError('package_unreadable', `${path} ${missing}.`, { path, reason }, cause);
}
