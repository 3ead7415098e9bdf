import type { KnownLogs, SeenCheckpoint } from '../authority/log/known-logs.ts';
import { decodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { makeFolderOf } from '../make-folder.ts';
import { withFileLock } from '../package/file-lock.ts';
import { writeFileBeside } from '../package/write-file.ts';
import { readRegularFile } from '../read-file.ts';

const version = 1;
const maxBytes = 16_777_216;

/** Remembers the last checkpoint that was seen of each log, so that one that shrank or forked is noticed. */
export class SeenCheckpoints implements KnownLogs {
  readonly #path: string;

  /** `path` is that of the file, which need not be there yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * What was seen of an authority's log: at one source, or anywhere.
   *
   * @throws HanaperError `bad_config` where the file cannot be read
   */
  list(authority: string, source?: string): readonly SeenCheckpoint[] {
    return this.#read().filter((seen) => seen.authority === authority && (source ?? seen.source) === seen.source);
  }

  /**
   * Remembers a checkpoint, unless one of as many entries is remembered of that source already.
   *
   * @throws HanaperError `bad_config`, `bad_input`, `unavailable` where the file cannot be written
   */
  remember(latest: SeenCheckpoint): void {
    makeFolderOf(this.#path);
    withFileLock(this.#path, () => {
      const all = this.#read();
      const isSame = (seen: SeenCheckpoint) => seen.authority === latest.authority && seen.source === latest.source;
      if (all.some((seen) => isSame(seen) && seen.size >= latest.size)) return;
      this.#write([...all.filter((seen) => !isSame(seen)), latest]);
    });
  }

  /**
   * Forgets what was seen of an authority's log, wherever that was, and returns it.
   *
   * @throws HanaperError `bad_config`, `bad_input`, `unavailable` where the file cannot be written
   */
  forget(authority: string): readonly SeenCheckpoint[] {
    if (this.list(authority).length === 0) return [];
    return withFileLock(this.#path, () => {
      const { forgotten = [], kept = [] } = Object.groupBy(this.#read(), (seen) =>
        seen.authority === authority ? 'forgotten' : 'kept',
      );
      this.#write(kept);
      return forgotten;
    });
  }

  #write(logs: readonly SeenCheckpoint[]): void {
    writeFileBeside(this.#path, `${JSON.stringify({ version, logs }, null, 2)}\n`, 0o600);
  }

  #read(): readonly SeenCheckpoint[] {
    const bytes = readRegularFile(this.#path, maxBytes, unreadable);
    if (bytes === undefined) return [];
    const logs = bytes.length > maxBytes ? undefined : parse(bytes);
    if (logs) return logs;
    throw new HanaperError(
      'bad_config',
      `${this.#path}, which holds the checkpoints that were seen, is damaged. Put it right, or remove it: then nothing was seen.`,
      { path: this.#path },
    );
  }
}

function unreadable(path: string, reason: string, cause?: unknown): HanaperError {
  const message = `${path}, which holds the checkpoints that were seen, cannot be read (${reason}).`;
  return new HanaperError('bad_config', message, { path, reason }, cause);
}

function parse(bytes: Uint8Array): readonly SeenCheckpoint[] | undefined {
  try {
    const { version: written, logs } = JSON.parse(decodeUtf8(bytes) ?? '') as {
      readonly version?: unknown;
      readonly logs?: unknown;
    };
    return written === version && Array.isArray(logs) && logs.every(isSeen) ? logs : undefined;
  } catch {
    return undefined;
  }
}

function isSeen(value: unknown): value is SeenCheckpoint {
  if (typeof value !== 'object' || value === null) return false;
  const { authority, source, size, checkpoint } = value as Partial<SeenCheckpoint>;
  const texts = [authority, source, checkpoint].every((text) => typeof text === 'string');
  return texts && Number.isSafeInteger(size);
}
