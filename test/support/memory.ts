/** What lies in the memory of a process of ours (Linux). */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const chunkLength = 4 * 1024 * 1024;

/** Counts how often each needle lies in the memory of a process, which is to stand still meanwhile. */
export function countInMemory(pid: number, needles: Readonly<Record<string, Uint8Array>>): Record<string, number> {
  const counts = Object.fromEntries(Object.keys(needles).map((name) => [name, 0]));
  const longest = Math.max(...Object.values(needles).map(({ length }) => length));
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(chunkLength + longest - 1);
  try {
    for (const { start, end } of listReadable(pid)) {
      // A chunk begins with the end of the one before it: a needle can lie across.
      for (let at = start; at < end; at += chunkLength) {
        const length = readAt(memory, buffer, at, Math.min(end - at, buffer.length));
        const chunk = buffer.subarray(0, length);
        for (const [name, needle] of Object.entries(needles)) {
          for (let found = chunk.indexOf(needle); found >= 0 && found < chunkLength; ) {
            counts[name] = (counts[name] ?? 0) + 1;
            found = chunk.indexOf(needle, found + 1);
          }
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return counts;
}

interface Region {
  readonly start: number;
  readonly end: number;
}

function listReadable(pid: number): readonly Region[] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [range = '', mode = '', , , , name = ''] = line.split(/ +/);
      if (!mode.startsWith('rw') || name === '[vvar]') return [];
      const [start = '', end = ''] = range.split('-');
      return [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }];
    });
}

// A region that went away meanwhile holds nothing.
function readAt(memory: number, buffer: Buffer, at: number, length: number): number {
  try {
    return readSync(memory, buffer, 0, length, at);
  } catch {
    return 0;
  }
}
