import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { writeFileBeside } from '../package/write-file.ts';
import { type ContainerEncoding, encodeContainer } from '../ucan/container.ts';
import { looksLikeTokens } from '../ucan/tokens.ts';
import type { Outcome } from './output.ts';

/** Options of every command that makes tokens. */
export interface TokenOutputOptions {
  readonly output?: string;
  readonly encoding: ContainerEncoding;
}

/** What a command that made tokens tells of them. */
export interface MadeTokens {
  readonly document: object;
  readonly lines: readonly string[];
  readonly tokens: readonly Uint8Array[];
  /** Permissions of the file. */
  readonly mode: number;
}

const endOfLine = encodeUtf8('\n');

/**
 * Writes a container to a file and tells of it, or to standard output and says nothing else.
 *
 * @throws HanaperError `usage`, `bad_input`
 */
export async function writeTokens(
  { output, encoding }: TokenOutputOptions,
  { document, lines, tokens, mode }: MadeTokens,
): Promise<Outcome> {
  const container = await encodeContainer(tokens, encoding);
  const isText = !encoding.startsWith('raw');
  const bytes = isText ? concatBytes(container, endOfLine) : container;
  if (output !== undefined) {
    requireNoOther(output);
    writeFileBeside(output, bytes, mode);
    return { document: { ...document, output }, lines };
  }
  if (!isText && process.stdout.isTTY) {
    throw new HanaperError('usage', 'A raw container is no text for a terminal: give --output FILE.', {
      option: '--encoding',
    });
  }
  const text = isText ? container : await encodeContainer(tokens, 'base64url');
  return { document: { ...document, container: decodeUtf8(text) }, lines: [], bytes };
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
