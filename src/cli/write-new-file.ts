import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { atExit } from '../package/at-exit.ts';
import { unwritable } from '../unwritable.ts';

const bufferLength = 1_048_576;

/**
 * Writes a file that is not there yet, part by part, for its owner alone; where that fails, or a signal ends the process
 * meanwhile, it is removed.
 *
 * @throws HanaperError `already_exists`, `bad_input`, `unavailable`, and what `produce` throws
 */
export async function writeNewFile<Result>(
  path: string,
  produce: (write: (bytes: Uint8Array) => void) => Promise<Result>,
): Promise<Result> {
  const descriptor = create(path);
  const remove = () => rmSync(path, { force: true });
  const takeBack = atExit(remove);
  try {
    const file = new BufferedFile(descriptor, path);
    const result = await produce((bytes) => file.write(bytes));
    file.finish();
    return result;
  } catch (error) {
    remove();
    throw error;
  } finally {
    takeBack();
    closeSync(descriptor);
  }
}

class BufferedFile {
  readonly #descriptor: number;
  readonly #path: string;
  readonly #buffer = new Uint8Array(bufferLength);
  #length = 0;

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor;
    this.#path = path;
  }

  write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > bufferLength) this.#try(() => this.#flush());
    if (bytes.length > bufferLength) this.#try(() => this.#writeOut(bytes));
    else {
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  /** Writes what is left, down to the disk. */
  finish(): void {
    this.#try(() => {
      this.#flush();
      fsyncSync(this.#descriptor);
    });
  }

  #flush(): void {
    this.#writeOut(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  #writeOut(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written);
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (cause) {
      throw unwritable(this.#path, cause);
    }
  }
}

function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EEXIST') throw unwritable(path, cause);
    throw new HanaperError('already_exists', `${path} is there already. Name another file.`, { kind: 'file', path });
  }
}
