import { styleText } from 'node:util';
import { requireRefusal } from '../attempt.ts';
import { HanaperError } from '../errors.ts';
import { escapeUnprintable, printable } from '../printable.ts';
import { explain } from './remedies.ts';

/** What a command has to say: one document for scripts, and sentences for people. */
export interface Outcome {
  readonly document: object;
  readonly lines: readonly string[];
  /** Bytes that stand in place of the lines, for another program to read. */
  readonly bytes?: Uint8Array;
  /** Why the command failed although it has this to say, and its exit status. */
  readonly failure?: { readonly error: HanaperError; readonly status: number };
}

/** Where output goes; a test gives its own. */
export interface Output {
  readonly json: boolean;
  out(text: string | Uint8Array): void;
  error(text: string): void;
}

/**
 * Prints the result of a command.
 *
 * @throws HanaperError `unavailable` where that cannot be written, which says that the command itself was carried out
 */
export function printOutcome(output: Output, outcome: Outcome): void {
  try {
    output.out(formatOutcome(output, outcome));
  } catch (error) {
    const refusal = requireRefusal(error);
    throw new HanaperError(
      refusal.code,
      `${refusal.message} The command itself was carried out.`,
      refusal.details,
      refusal,
    );
  }
}

function formatOutcome({ json }: Output, { document, lines, bytes }: Outcome): string | Uint8Array {
  if (json) return formatJson(document);
  return bytes ?? lines.map((line) => `${printable(line)}\n`).join('');
}

/** Prints a warning, for people only. */
export function printWarning(output: Output, message: string): void {
  if (!output.json)
    output.error(`${styleText('yellow', 'warning:', { stream: process.stderr })} ${printable(message)}\n`);
}

/** Prints an error; with `--json` as a document on standard output. */
export function printError(output: Output, error: HanaperError): void {
  const { code, details } = error;
  const message = explain(error);
  if (output.json) output.out(formatJson({ error: { code, message, details } }));
  else {
    const mark = styleText('red', 'error:', { stream: process.stderr });
    output.error(`${mark} ${printable(message)} ${styleText('dim', `(${code})`, { stream: process.stderr })}\n`);
  }
}

/** Rows as aligned columns under their headings. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => printable(row[column] ?? '').length)),
  );
  const format = (row: readonly string[]) =>
    row
      .map((cell, column) => printable(cell).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [headings, ...rows].map(format);
}

function formatJson(document: object): string {
  return `${escapeUnprintable(JSON.stringify(document, null, 2))}\n`;
}

/** Any failure as an error with a code: what has none is a fault of ours. */
export function toHanaperError(error: unknown): HanaperError {
  if (error instanceof HanaperError) return error;
  // What went wrong first is what is told, not what went wrong while it was cleared away.
  if (error instanceof SuppressedError) return toHanaperError(error.suppressed);
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
  return new HanaperError(
    'internal',
    `Something went wrong inside Hanaper (${detail}). Please report it, with HANAPER_DEBUG=1 for its trace.`,
    {},
    error,
  );
}
