import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

// https://www.sqlite.org/walformat.html#the_wal_index_file_format
const commitsOffset = 8;
const attemptedOffset = 128;
const ownMaps = '/proc/self/maps';
const ownMemory = '/proc/self/mem';

/** What the index of a write-ahead log holds that no query tells. */
export interface LogIndexState {
  /** Changes with each transaction that is committed, by any process, and outlasts the log. */
  readonly commits: number;
  /** How many frames of the log the last checkpoint meant to move into the file, whether or not it finished. */
  readonly attempted: number;
}

/**
 * The index of a write-ahead log. It cannot be opened beside SQLite, so it is read where SQLite has mapped it into this
 * process. Linux alone tells where that is.
 */
export class LogIndex {
  readonly #path: string;
  #address: number | undefined;

  /** The index (`-shm`) with this real path. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Reads it; `undefined` where that cannot be done. */
  read(): LogIndexState | undefined {
    try {
      this.#address ??= findAddress(this.#path);
      const address = this.#address;
      if (address === undefined) return undefined;
      return { commits: readNumber(address + commitsOffset), attempted: readNumber(address + attemptedOffset) };
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
