import { writeSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
// A pipe that another program made non-blocking is full for a moment.
const pause = 10;

/**
 * Writes to standard output (1) or error (2) before it returns. The stream objects of Node would take longer to set up
 * than most commands take to run. A reader that went away (`hanaper … | head`) is no error,
 * and leaves the exit status what it was: a refusal that nobody reads is one. While a reader has stopped reading, a signal
 * ends the process.
 *
 * @throws HanaperError `unavailable` where it cannot be written
 */
export function writeText(descriptor: 1 | 2, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  withoutHandlers(() => {
    for (let written = 0; written < bytes.length; ) written += writeSome(descriptor, bytes, written) ?? bytes.length;
  });
}

function writeSome(descriptor: 1 | 2, bytes: Uint8Array, from: number): number | undefined {
  try {
    return writeSync(descriptor, bytes, from);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EPIPE') return undefined;
    if (code !== 'EAGAIN') throw unwritable(descriptor, code, error);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    return 0;
  }
}

// A handler has no turn while a write waits; without one, a signal ends the process by itself.
function withoutHandlers(act: () => void): void {
  const handlers = signals.map((signal) => ({ signal, listeners: process.listeners(signal) }));
  for (const signal of signals) process.removeAllListeners(signal);
  try {
    act();
  } finally {
    for (const { signal, listeners } of handlers) for (const listener of listeners) process.on(signal, listener);
  }
}

function unwritable(descriptor: 1 | 2, reason = 'unwritable', cause: unknown): HanaperError {
  const name = descriptor === 1 ? 'Standard output' : 'Standard error';
  const message = `${name} cannot be written (${reason}). What was to be printed is lost: see whether its disk is full.`;
  return new HanaperError('unavailable', message, { descriptor, reason }, cause);
}
