import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { exportLog } from '../../authority/audit/export-log.ts';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { createAuditBar } from '../audit-progress.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

const bufferLength = 1_048_576;

/** `hanaper log export FILE` */
export async function exportTo(session: Session, path: string): Promise<Outcome> {
  const authority = await session.examineAuthority();
  const { did } = authority.identity;
  const draw = createAuditBar();
  const exported = await writeNewFile(path, (write) =>
    exportLog(authority, write, (done, total) => draw('entries', done, total)),
  );
  const { size, checkpoint } = exported;
  return {
    document: { file: path, authority: did, size, checkpoint },
    lines: [
      `${size} entries were written to ${path}, the first ${checkpoint ?? 0} of them under a checkpoint.`,
      '',
      `Next: hanaper log verify ${path} --authority ${did}`,
    ],
  };
}

/** Writes a file that is not there yet, part by part; where that fails, it is removed. */
async function writeNewFile<Result>(
  path: string,
  produce: (write: (bytes: Uint8Array) => void) => Promise<Result>,
): Promise<Result> {
  const descriptor = create(path);
  let isWhole = false;
  try {
    const file = new BufferedFile(descriptor, path);
    const result = await produce((bytes) => file.write(bytes));
    file.flush();
    fsyncSync(descriptor);
    isWhole = true;
    return result;
  } finally {
    closeSync(descriptor);
    if (!isWhole) rmSync(path, { force: true });
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
    if (this.#length + bytes.length > bufferLength) this.flush();
    if (bytes.length > bufferLength) this.#writeOut(bytes);
    else {
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  flush(): void {
    this.#writeOut(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  #writeOut(bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written);
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

function unwritable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unwritable';
  return new HanaperError('bad_input', `${path} cannot be written (${reason}).`, { path, reason }, cause);
}
