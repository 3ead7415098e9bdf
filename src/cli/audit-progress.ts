import { isatty } from 'node:tty';
import { writeText } from './write-text.ts';

const leastMilliseconds = 100;
const width = 30;

/** Draws how far something long has come, on a terminal, and takes that away again, however it ends. */
export class AuditBar implements Disposable {
  #drawnAt = performance.now();
  #isDrawn = false;
  readonly #clear = () => this.#remove();

  constructor() {
    process.on('exit', this.#clear);
  }

  /** Draws what is done, how much of it, of how much. */
  readonly draw = (what: string, done: number, total: number): void => {
    const now = performance.now();
    if (done >= total) this.#remove();
    else if (now - this.#drawnAt >= leastMilliseconds && isatty(2)) {
      this.#drawnAt = now;
      this.#isDrawn = true;
      writeText(2, `\r${drawBar(what, done, total)}`);
    }
  };

  [Symbol.dispose](): void {
    process.off('exit', this.#clear);
    this.#remove();
  }

  #remove(): void {
    if (this.#isDrawn) writeText(2, `\r${' '.repeat(width + 50)}\r`);
    this.#isDrawn = false;
  }
}

function drawBar(what: string, done: number, total: number): string {
  const part = Math.min(1, done / Math.max(1, total));
  const bar = '#'.repeat(Math.round(part * width)).padEnd(width, '.');
  return `${what.padEnd(8)} [${bar}] ${Math.floor(part * 100)}% of ${total.toLocaleString('en')}`;
}
