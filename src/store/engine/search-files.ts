import { closeSync, openSync, readSync } from 'node:fs';
import { systemCodeOf } from '../../errors.ts';
import { companions } from './file-state.ts';

const chunkLength = 1024 * 1024;

/**
 * Searches a file of SQLite, and what lies beside it, for texts; returns those that are found. The file must not be open in
 * this process: to close what was read here would take SQLite's locks away.
 */
export function searchFiles(path: string, texts: readonly string[]): readonly string[] {
  const found = ['', ...companions].flatMap((suffix) => searchFile(path + suffix, texts));
  return texts.filter((text) => found.includes(text));
}

function searchFile(path: string, texts: readonly string[]): readonly string[] {
  const descriptor = openIfThere(path);
  if (descriptor === undefined) return [];
  try {
    return search(descriptor, texts);
  } finally {
    closeSync(descriptor);
  }
}

// Each chunk begins with the end of the one before, so that nothing is missed between them.
function search(descriptor: number, texts: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const overlap = Math.max(...texts.map((text) => text.length)) - 1;
  const buffer = Buffer.alloc(overlap + chunkLength);
  for (let kept = 0; found.size < texts.length; ) {
    const length = readSync(descriptor, buffer, kept, chunkLength, null);
    if (length === 0) break;
    const chunk = buffer.subarray(0, kept + length);
    for (const text of texts) if (chunk.includes(text)) found.add(text);
    kept = Math.min(overlap, chunk.length);
    buffer.copyWithin(0, chunk.length - kept, chunk.length);
  }
  return [...found];
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
