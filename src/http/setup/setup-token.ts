import { closeSync, constants, lstatSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { encodeBase64Url, encodeUtf8, equalBytes } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import { randomBytes } from '../../crypto/random.ts';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { makeFolderOf } from '../../make-folder.ts';

/** The header that carries the set-up token. */
export const setupTokenHeader = 'Hanaper-Setup-Token';

const tokenLength = 32;
/** Milliseconds for which a set-up token is good. */
const lifetime = 60 * 60 * 1000;

/**
 * What lets somebody initialise a server: 32 random bytes as base64url, in a file that its owner alone can read. The
 * process keeps only the hash of it. It is good for one initialisation, for one hour, and no longer than the process runs.
 */
export class SetupToken {
  readonly path: string;
  readonly #now: () => number;
  readonly #expiresAt: number;
  readonly #timer: NodeJS.Timeout;
  #digest: Uint8Array | undefined;

  private constructor(path: string, digest: Uint8Array, now: () => number) {
    this.path = path;
    this.#digest = digest;
    this.#now = now;
    this.#expiresAt = now() + lifetime;
    this.#timer = setTimeout(() => this.remove(), lifetime).unref();
  }

  /**
   * Makes a token, and writes it into a file. One that an earlier server left there is replaced; a link is not followed.
   *
   * @throws HanaperError `bad_config` where the file cannot be written
   */
  static create(path: string, now: () => number): SetupToken {
    const bytes = randomBytes(tokenLength);
    const text = encodeBase64Url(bytes);
    bytes.fill(0);
    try {
      makeFolderOf(path);
      removeStale(path);
      writeNew(path, `${text}\n`);
    } catch (cause) {
      throw cause instanceof HanaperError ? cause : unwritable(path, systemCodeOf(cause) ?? 'unwritable', cause);
    }
    return new SetupToken(path, digestOf(text), now);
  }

  /** Whether it can still be used. */
  get isLive(): boolean {
    if (this.#now() > this.#expiresAt) this.remove();
    return this.#digest !== undefined;
  }

  /** Compares in constant time. */
  matches(given: string): boolean {
    return this.isLive && this.#digest !== undefined && equalBytes(digestOf(given), this.#digest);
  }

  /** Makes it useless, and deletes its file unless another server's token is there by now. */
  remove(): void {
    clearTimeout(this.#timer);
    const digest = this.#digest;
    this.#digest = undefined;
    try {
      if (
        digest &&
        lstatSync(this.path).isFile() &&
        equalBytes(digestOf(readFileSync(this.path, 'utf8').trimEnd()), digest)
      ) {
        unlinkSync(this.path);
      }
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error;
    }
  }
}

function digestOf(text: string): Uint8Array {
  return sha256(encodeUtf8(text));
}

// A server that was killed has left its file, which opens nothing any more. What is no plain file of ours is left alone.
function removeStale(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isFile() || status.uid !== process.geteuid?.()) throw unwritable(path, 'it is no file of this user');
  unlinkSync(path);
}

function writeNew(path: string, text: string): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const descriptor = openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function unwritable(path: string, reason: string, cause?: unknown): HanaperError {
  return new HanaperError(
    'bad_config',
    `The set-up token cannot be written to ${path} (${reason}). Remove what is there, or initialise with "hanaper init".`,
    { path, reason },
    cause,
  );
}
