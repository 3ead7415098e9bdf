import { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import { allocateSecret, copySecret } from '../secret-bytes.ts';
import { Interrupted } from './interrupted.ts';

const maxBytes = 4096;
const key = {
  interrupt: 0x03,
  endOfInput: 0x04,
  backspace: 0x08,
  lineFeed: 0x0a,
  enter: 0x0d,
  clear: 0x15,
  delete: 0x7f,
};

/**
 * Asks for a line on the terminal without showing it. The answer never becomes a string:
 * it is collected byte by byte in a buffer that is wiped.
 *
 * @throws HanaperError `bad_input` where it is too long, `usage` at the end of input; {@link Interrupted} at Ctrl-C
 */
export async function askHidden(question: string): Promise<Secret> {
  const { stdin, stderr } = process;
  stdin.setRawMode(true);
  stderr.write(`${question}: `);
  stdin.resume();
  try {
    return await readLine(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

function readLine(stdin: NodeJS.ReadStream): Promise<Secret> {
  const line = new HiddenLine();
  return new Promise<Secret>((resolve, reject) => {
    stdin.on('end', () => reject(new HanaperError('usage', 'Nothing was entered.')));
    stdin.on('data', (chunk: Buffer) => {
      try {
        const end = line.add(chunk);
        if (end === undefined) return;
        // What follows is for the next question, so this one must no longer listen.
        stdin.pause().removeAllListeners('data');
        if (end < chunk.length) stdin.unshift(Buffer.from(copySecret(chunk.subarray(end)).buffer));
        resolve(line.take());
      } catch (error) {
        reject(error);
      } finally {
        chunk.fill(0);
      }
    });
  }).finally(() => {
    stdin.removeAllListeners('data').removeAllListeners('end');
    line.wipe();
  });
}

class HiddenLine {
  readonly #buffer = allocateSecret(maxBytes);
  #length = 0;

  /** Adds what was typed. Returns where the next line begins in it, once this one has ended. */
  add(typed: Uint8Array): number | undefined {
    for (const [index, byte] of typed.entries()) {
      if (byte === key.enter || byte === key.lineFeed) return index + 1;
      if (byte === key.interrupt) throw new Interrupted();
      if (byte === key.endOfInput) throw new HanaperError('usage', 'Nothing was entered.');
      if (byte === key.clear) this.#length = 0;
      else if (byte === key.backspace || byte === key.delete) this.#dropLastCharacter();
      else if (this.#length === maxBytes) throw new HanaperError('bad_input', 'The input is too long.');
      else this.#buffer[this.#length++] = byte;
    }
    return undefined;
  }

  take(): Secret {
    return Secret.copyOf(this.#buffer.subarray(0, this.#length));
  }

  wipe(): void {
    this.#buffer.fill(0);
  }

  // A UTF-8 character is its first byte and those of the form 10xxxxxx behind it.
  #dropLastCharacter(): void {
    while (this.#length > 0 && ((this.#buffer[--this.#length] ?? 0) & 0xc0) === 0x80);
  }
}
