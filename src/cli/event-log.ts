import { closeSync, openSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';
import type { Observer } from '../events.ts';

/** Appends every event to a file as JSON lines (`-`: standard error). */
export interface EventLog extends Disposable {
  readonly observe: Observer;
}

/**
 * Opens the event log before anything is done, so that nothing is done unrecorded.
 *
 * @throws HanaperError `bad_config` where the file cannot be written
 */
export async function openEventLog(path: string): Promise<EventLog> {
  const { default: pino } = await import('pino');
  const descriptor = path === '-' ? 2 : openForAppending(path);
  const destination = pino.destination({ dest: descriptor, sync: true });
  const logger = pino(
    { base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
  return {
    observe: ({ name, time, reason, details }) => {
      const level = reason === undefined ? 'info' : 'warn';
      logger[level]({ time, event: name, ...(reason && { reason }), details });
      destination.flushSync();
    },
    [Symbol.dispose]: () => {
      if (descriptor !== 2) closeSync(descriptor);
    },
  };
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unwritable';
    throw new HanaperError(
      'bad_config',
      `The event log ${path} cannot be written (${reason}).`,
      { path, reason },
      cause,
    );
  }
}
