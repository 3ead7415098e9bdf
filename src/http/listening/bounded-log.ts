import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { encodeUtf8 } from '../../bytes.ts';
import { systemCodeOf } from '../../errors.ts';

/** How many bytes are held back while nobody reads; what comes on top of that is dropped. */
const maxHeld = 1_048_576;
// A line is held back for so many milliseconds at most, so that a busy server writes many at once.
const longestHeld = 100;
const enoughToWrite = 16_000;
const newline = 0x0a;

/**
 * Lines into a file descriptor whose reader may be slow, stopped or gone, and whose disk may be full: it never waits. What
 * cannot be written is dropped and counted.
 */
export class BoundedLog {
  readonly #descriptor: number;
  readonly #tell: (reason: string) => void;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #dropped = 0;
  #isTold = false;
  #isBegun = false;
  #isBroken = false;
  #timer: NodeJS.Timeout | undefined;

  /** `tell` is called with the system's code where lines begin to be dropped: once, until some are written again. */
  constructor(descriptor: number, tell: (reason: string) => void = () => undefined) {
    this.#descriptor = openWithoutWaiting(descriptor);
    this.#tell = tell;
  }

  /** Lines that were dropped since some were written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes a line, which ends with its newline, soon. */
  write(line: string): void {
    const bytes = encodeUtf8(line);
    if (this.#heldBytes + bytes.length > maxHeld) {
      this.#drop(1, 'EAGAIN');
      return;
    }
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= enoughToWrite) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), longestHeld).unref();
  }

  /** Writes what can be written now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#held.length === 0) return;
    try {
      this.#writeHeld();
    } catch (error) {
      const code = systemCodeOf(error) ?? 'unwritable';
      // The reader has not reached it yet.
      if (code === 'EAGAIN') this.#timer = setTimeout(() => this.flush(), longestHeld).unref();
      else this.#giveUp(code);
    }
  }

  #writeHeld(): void {
    if (this.#isBroken) this.#writeOut(Uint8Array.of(newline));
    this.#isBroken = false;
    for (let [line] = this.#held; line !== undefined; [line] = this.#held) {
      const written = this.#writeOut(line);
      this.#heldBytes -= written;
      this.#isBegun = written < line.length;
      if (this.#isBegun) this.#held[0] = line.subarray(written);
      else this.#held.shift();
    }
    if (this.#dropped > 0) this.#tellDropped();
  }

  #writeOut(bytes: Uint8Array): number {
    return writeSync(this.#descriptor, bytes);
  }

  // In the log itself, where its reader misses them.
  #tellDropped(): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#isTold = false;
    const line = { level: 'warn', time: new Date().toISOString(), dropped, message: 'lines of this log were dropped' };
    this.write(`${JSON.stringify(line)}\n`);
  }

  #giveUp(code: string): void {
    // Of a line that was begun, the rest would stand on a line of its own.
    this.#isBroken ||= this.#isBegun;
    this.#isBegun = false;
    const { length } = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.#drop(length, code);
  }

  #drop(lines: number, code: string): void {
    this.#dropped += lines;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#tell(code);
  }
}

// A file takes what comes or fails; a pipe, a socket and a terminal would let us wait for who reads.
function openWithoutWaiting(descriptor: number): number {
  const status = fstatSync(descriptor);
  if (!status.isFIFO() && !status.isSocket() && !isatty(descriptor)) return descriptor;
  try {
    // Opened anew, it is not the others' who write there that no longer wait.
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // A socket cannot be opened anew. To make a stream of it is what makes it no longer wait; it is not used as one.
    const stream = new Socket({ fd: descriptor, readable: false, writable: true });
    stream.unref();
    return descriptor;
  }
}
