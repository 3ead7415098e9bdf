import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

// https://www.sqlite.org/walformat.html#the_wal_index_file_format
const attemptedOffset = 128;
const ownMaps = '/proc/self/maps';
const ownMemory = '/proc/self/mem';

/**
 * How many frames of a write-ahead log the last checkpoint meant to move into the file, whether or not it came to its end. No
 * query tells it, and the index that holds it cannot be opened beside SQLite, so it is read where SQLite has mapped the index
 * into this process. Linux alone tells where that is.
 */
export class AttemptedFrames {
  readonly #path: string;
  #address: number | undefined;

  /** Of the log whose index (`-shm`) has this real path. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The number; `undefined` where it cannot be told. */
  read(): number | undefined {
    try {
      this.#address ??= findAddress(this.#path);
      return this.#address === undefined ? undefined : readNumber(this.#address + attemptedOffset);
    } catch {
      return undefined;
    }
  }
}

// Each line: addresses, rights, offset, device, inode, path.
function findAddress(path: string): number | undefined {
  const lines = readFileSync(ownMaps, 'utf8').split('\n');
  const line = lines.find((each) => each.endsWith(` ${path}`) && each.split(/ +/)[2] === '00000000');
  return line === undefined ? undefined : Number.parseInt(line, 16);
}

function readNumber(address: number): number {
  const memory = openSync(ownMemory, 'r');
  try {
    const number = new Uint32Array(1);
    readSync(memory, number, 0, number.byteLength, address);
    return number[0] ?? 0;
  } finally {
    closeSync(memory);
  }
}
