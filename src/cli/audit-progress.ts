import { isatty } from 'node:tty';
import { writeText } from './write-text.ts';

const leastMilliseconds = 100;
const width = 30;

/** Draws how far something long has come, on a terminal: what is done, how much of it, of how much. */
export function createAuditBar(): (what: string, done: number, total: number) => void {
  let drawnAt = performance.now();
  let isDrawn = false;
  return (what, done, total) => {
    const now = performance.now();
    const isDone = done >= total;
    if ((isDone && !isDrawn) || (!isDone && now - drawnAt < leastMilliseconds) || !isatty(2)) return;
    drawnAt = now;
    isDrawn = !isDone;
    writeText(2, isDone ? `\r${' '.repeat(width + 50)}\r` : `\r${drawBar(what, done, total)}`);
  };
}

function drawBar(what: string, done: number, total: number): string {
  const part = Math.min(1, done / Math.max(1, total));
  const bar = '#'.repeat(Math.round(part * width)).padEnd(width, '.');
  return `${what.padEnd(8)} [${bar}] ${Math.floor(part * 100)}% of ${total.toLocaleString('en')}`;
}
