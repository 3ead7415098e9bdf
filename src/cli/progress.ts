import type { Progress } from '../package/hash-package.ts';
import { writeText } from './write-text.ts';

const leastBytes = 32 * 1024 * 1024;
const leastMilliseconds = 100;
const width = 30;

/** A bar that shows how far a large file is hashed; nothing on what is no terminal, or for a small file. */
export function createProgressBar(): Progress {
  let drawnAt = 0;
  return (done, total) => {
    if (total < leastBytes || !isTerminal()) return;
    const now = performance.now();
    if (done < total && now - drawnAt < leastMilliseconds) return;
    drawnAt = now;
    writeText(2, done < total ? `\r${drawBar(done, total)}` : `\r${' '.repeat(width + 40)}\r`);
  };
}

// Loaded only here: it costs every start a millisecond, and few files are large.
function isTerminal(): boolean {
  return process.getBuiltinModule('node:tty').isatty(2);
}

function drawBar(done: number, total: number): string {
  const part = Math.min(1, done / total);
  const filled = Math.round(part * width);
  const bar = '#'.repeat(filled).padEnd(width, '.');
  return `hashing [${bar}] ${Math.floor(part * 100)}% of ${Math.ceil(total / 1024 / 1024)} MiB`;
}
