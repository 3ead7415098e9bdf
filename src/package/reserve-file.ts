import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename } from 'node:path';
import { encodeUtf8 } from '../bytes.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { unwritable } from '../unwritable.ts';
import { atExit } from './at-exit.ts';
import { temporaryPathFor } from './temporary-file.ts';

const defaultRoom = 64 * 1024;
// Some file systems know no links.
const withoutLinks: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** How a file is reserved. */
export interface ReserveOptions {
  /** Permissions of the file. */
  readonly mode: number;
  /** Whether nothing may stand at its place, neither now nor when it is written. Default: a regular file is replaced. */
  readonly isNew?: boolean;
  /** How many bytes are made sure of. Default: 64 KiB. */
  readonly room?: number;
}

/**
 * A place for a file whose content is not known yet: whatever could refuse the file later is found now, before something is
 * done that cannot be taken back. The file is then written whole or not at all.
 */
export class ReservedFile implements Disposable {
  readonly path: string;
  readonly #beside: string;
  readonly #isNew: boolean;
  readonly #descriptor: number;
  readonly #remove: () => void;
  readonly #takeBack: () => void;

  private constructor(path: string, beside: string, descriptor: number, isNew: boolean) {
    this.path = path;
    this.#beside = beside;
    this.#descriptor = descriptor;
    this.#isNew = isNew;
    this.#remove = () => rmSync(beside, { force: true });
    // A signal ends the process without disposing of anything.
    this.#takeBack = atExit(this.#remove);
  }

  /**
   * Reserves a place, with as much of the disk as the file will take.
   *
   * @throws HanaperError `bad_input` where a file cannot stand there, `already_exists`, `unavailable` where the disk is full or
   * fails
   */
  static reserve(path: string, { mode, isNew = false, room = defaultRoom }: ReserveOptions): ReservedFile {
    requirePlace(path, isNew);
    const beside = temporaryPathFor(path);
    const descriptor = openNew(path, beside, mode);
    const reserved = new ReservedFile(path, beside, descriptor, isNew);
    try {
      if (room > 0) {
        writeAll(descriptor, new Uint8Array(room));
        fsyncSync(descriptor);
      }
      return reserved;
    } catch (cause) {
      reserved[Symbol.dispose]();
      throw unwritable(path, cause);
    }
  }

  /**
   * Writes the file, flushed down to the disk, and puts it in its place; in the place of the same folder that is named, where
   * that was not known before.
   *
   * @throws HanaperError as {@link ReservedFile.reserve} does
   */
  write(content: string | Uint8Array, path: string = this.path): void {
    const bytes = typeof content === 'string' ? encodeUtf8(content) : content;
    requirePlace(path, this.#isNew);
    try {
      writeAll(this.#descriptor, bytes);
      ftruncateSync(this.#descriptor, bytes.length);
      fsyncSync(this.#descriptor);
      if (this.#isNew) linkOrRename(this.#beside, path);
      else renameSync(this.#beside, path);
    } catch (cause) {
      throw systemCodeOf(cause) === 'EEXIST' ? alreadyThere(path) : unwritable(path, cause);
    }
  }

  [Symbol.dispose](): void {
    this.#takeBack();
    closeSync(this.#descriptor);
    this.#remove();
  }
}

function openNew(path: string, beside: string, mode: number): number {
  try {
    return openSync(beside, 'wx', mode);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(descriptor, bytes, written, bytes.length - written, written);
}

// What comes there meanwhile stays.
function linkOrRename(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    if (!withoutLinks.includes(systemCodeOf(cause))) throw cause;
    requirePlace(to, true);
    renameSync(from, to);
  }
}

// A pipe, a device or a link would be replaced by a file.
function requirePlace(path: string, isNew: boolean): void {
  const status = statusOf(path);
  if (status === undefined && basename(path) !== '' && !path.endsWith('/')) return;
  if (status !== undefined && isNew) throw alreadyThere(path);
  if (status?.isFile()) return;
  throw new HanaperError('bad_input', `${path} is no regular file, and is not replaced by one. Name another place.`, {
    path,
    reason: 'not a regular file',
  });
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function alreadyThere(path: string): HanaperError {
  return new HanaperError('already_exists', `${path} is there already. Name another file.`, {
    kind: 'file',
    path,
    remedy: 'name_another_file',
  });
}
