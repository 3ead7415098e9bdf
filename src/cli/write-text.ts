import { writeSync } from 'node:fs';
import { systemCodeOf } from '../errors.ts';

/**
 * Writes to standard output (1) or error (2) before it returns. The stream objects of Node would take longer to set up
 * than most commands take to run. A reader that went away (`hanaper … | head`) is no error,
 * and leaves the exit status what it was: a refusal that nobody reads is one.
 */
export function writeText(descriptor: 1 | 2, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'EPIPE') return;
      // A terminal or pipe that another program made non-blocking is full for a moment.
      if (code !== 'EAGAIN') throw error;
    }
  }
}
