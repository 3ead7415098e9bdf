import type { HanaperEvent } from '../../events.ts';
import { escapeUnprintable, printable } from '../../printable.ts';
import type { RequestLog } from './app.ts';

/** Where a server tells what it does. */
export interface ServerLog {
  /** A request that was answered. */
  request(entry: RequestLog): void;
  /** Something that happened, or was refused. */
  event(event: HanaperEvent): void;
  /** Something about the server itself. */
  note(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Something that went wrong outside of a request. */
  failure(message: string, error: unknown): void;
  /** Writes what is still held back. */
  flush(): void;
}

/** Where the lines of a log go; it never waits. */
export interface LogLines {
  /** Takes a line, which ends with its newline. */
  write(line: string): void;
  flush(): void;
}

/** Writes JSON lines, for other programs to read. */
export async function openJsonLog(lines: LogLines): Promise<ServerLog> {
  const { default: pino } = await import('pino');
  const logger = pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
      errorKey: 'error',
      serializers: { error: describeError },
    },
    { write: (line: string) => lines.write(escapeUnprintable(line)) },
  );
  return {
    request: ({ milliseconds, error, ...entry }) => {
      const level = entry.status >= 500 ? 'error' : 'info';
      const rounded = Math.round(milliseconds * 100) / 100;
      const said = entry.status >= 500 ? error : messageOf(error);
      logger[level]({ ...entry, milliseconds: rounded, ...(said !== undefined && { error: said }) }, 'request');
    },
    event: ({ name, time, reason, details }) => {
      const level = reason === undefined ? 'info' : 'warn';
      logger[level]({ event: name, event_time: time, ...(reason && { reason }), details }, 'event');
    },
    note: (message, details = {}) => logger.info(details, message),
    failure: (message, error) => logger.error({ error }, message),
    flush: () => lines.flush(),
  };
}

/** Writes short lines for a person at a terminal. */
export function openTerminalLog(lines: LogLines): ServerLog {
  const say = (text: string) => {
    const said = text.split('\n').map(printable).join('\n');
    lines.write(`${new Date().toISOString().slice(11, 19)} ${said}\n`);
    lines.flush();
  };
  return {
    request: ({ method, path, status, milliseconds, code, error }) => {
      say(`${method} ${path} ${status} ${milliseconds.toFixed(1)} ms${code === undefined ? '' : ` ${code}`}`);
      if (error !== undefined && status >= 500) say(describeError(error));
    },
    event: ({ name, reason, details }) => {
      const { command } = details;
      say([name, typeof command === 'string' ? command : '', reason ?? ''].filter((word) => word !== '').join(' '));
    },
    note: (message) => say(message),
    failure: (message, error) => say(`${message}: ${describeError(error)}`),
    flush: () => lines.flush(),
  };
}

// A refusal is no fault of the server's, and nobody looks for where in the code it was said.
function messageOf(error: unknown): unknown {
  return error instanceof Error ? error.message : error;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stack = String(error), cause } = error;
  return cause === undefined ? stack : `${stack}\ncaused by ${describeError(cause)}`;
}
