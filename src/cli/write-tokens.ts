import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { ReservedFile } from '../package/reserve-file.ts';
import { type ContainerEncoding, encodeContainer } from '../ucan/encoding/container.ts';
import { looksLikeTokens } from '../ucan/token/tokens.ts';
import type { Outcome } from './output.ts';

/** Options of every command that makes tokens. */
export interface TokenOutputOptions {
  readonly output?: string;
  readonly encoding: ContainerEncoding;
}

/** What a command that made tokens reports about them. */
export interface MadeTokens {
  readonly document: object;
  readonly lines: readonly string[];
  readonly tokens: readonly Uint8Array[];
}

const endOfLine = encodeUtf8('\n');

/** Where tokens go: a file, or standard output. */
export interface TokenPlace extends Disposable, TokenOutputOptions {
  readonly file?: ReservedFile;
}

/**
 * Reserves the place for tokens, before they are made.
 *
 * @throws HanaperError `usage`, `bad_input`, `already_exists`, `unavailable`
 */
export function reserveTokens({ output, encoding }: TokenOutputOptions, mode: number): TokenPlace {
  if (output === undefined) {
    if (encoding.startsWith('raw') && process.stdout.isTTY) throw rawOnTerminal();
    return { encoding, [Symbol.dispose]: () => undefined };
  }
  const file = ReservedFile.reserve(output, { mode });
  try {
    requireNoOther(output);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
  return { output, encoding, file, [Symbol.dispose]: () => file[Symbol.dispose]() };
}

/**
 * Writes a container to its place and reports it; on standard output it says nothing else.
 *
 * @throws HanaperError `bad_input`, `unavailable`
 */
export async function writeTokens(
  { output, encoding, file }: TokenPlace,
  { document, lines, tokens }: MadeTokens,
): Promise<Outcome> {
  const container = await encodeContainer(tokens, encoding);
  const isText = !encoding.startsWith('raw');
  const bytes = isText ? concatBytes(container, endOfLine) : container;
  if (file) {
    file.write(bytes);
    return { document: { ...document, output }, lines };
  }
  const text = isText ? container : await encodeContainer(tokens, 'base64url');
  return { document: { ...document, container: decodeUtf8(text) }, lines: [], bytes };
}

function rawOnTerminal(): HanaperError {
  return new HanaperError('usage', 'A raw container is no text for a terminal: give --output FILE.', {
    option: '--encoding',
  });
}

// A key file that was named by mistake would be lost.
function requireNoOther(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile() || status.size === 0) return;
  const head = new Uint8Array(1);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, head, 0, 1, 0);
  } finally {
    closeSync(descriptor);
  }
  if (looksLikeTokens(head)) return;
  throw new HanaperError('already_exists', `${path} is there already, and holds no tokens. Name another file.`, {
    kind: 'file',
    path,
  });
}
