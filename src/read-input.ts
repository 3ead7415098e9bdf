import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { Socket } from 'node:net';
import { allocateSecret, copySecret, type SecretBytes } from './secret-bytes.ts';

/** What was read, and what it was read from. */
export interface Input {
  /** One byte more than asked for where there was more. */
  readonly bytes: SecretBytes;
  readonly status: Stats;
}

const standardInput = 0;
const chunkLength = 65_536;
let isInputRead = false;

/**
 * Reads a file, a pipe, a terminal, or standard input (`-`), to its end or to one byte more than `most`; nothing of it stays
 * elsewhere in memory. While a pipe or a terminal has nothing to say, signals are heard.
 *
 * @throws the system's own error where it cannot be read
 */
export async function readInput(path: string, most: number): Promise<Input> {
  // Without blocking: to open a pipe would wait for who writes to it, and hear no signal meanwhile.
  const descriptor = path === '-' ? standardInput : openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = new BoundedBuffer(most + 1);
  let isOurs = descriptor !== standardInput;
  try {
    const status = fstatSync(descriptor);
    if (!canWait(descriptor, status)) readAll(descriptor, buffer);
    else {
      // A stream closes its descriptor by itself.
      isOurs = false;
      await (isTerminal(descriptor) ? collectTyped(descriptor, buffer) : collectPiped(descriptor, buffer));
    }
    return { bytes: buffer.take(), status };
  } finally {
    buffer[Symbol.dispose]();
    if (isOurs) closeSync(descriptor);
  }
}

// What was read to its end once is at its end for good.
function canWait(descriptor: number, status: Stats): boolean {
  if (descriptor === standardInput && isInputRead) return false;
  return status.isFIFO() || status.isSocket() || (status.isCharacterDevice() && isTerminal(descriptor));
}

// Loaded only here: it costs every start two milliseconds.
function isTerminal(descriptor: number): boolean {
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}

function readAll(descriptor: number, buffer: BoundedBuffer): void {
  const chunk = allocateSecret(chunkLength);
  try {
    for (;;) {
      const length = readSync(descriptor, chunk, 0, chunkLength, null);
      if (length === 0 || buffer.add(chunk.subarray(0, length))) return;
    }
  } finally {
    chunk.fill(0);
  }
}

// Node's own chunks are copied before they are handed over, and what was copied from is not wiped.
async function collectPiped(descriptor: number, buffer: BoundedBuffer): Promise<void> {
  const chunk = allocateSecret(chunkLength);
  const ended = Promise.withResolvers<void>();
  const onread = {
    buffer: chunk,
    callback: (length: number) => {
      const isFull = buffer.add(chunk.subarray(0, length));
      chunk.fill(0, 0, length);
      if (isFull) ended.resolve();
      return !isFull;
    },
  };
  const { Socket } = process.getBuiltinModule('node:net');
  const socket = new Socket({ fd: descriptor, readable: true, writable: false, onread });
  socket.on('error', ended.reject).on('end', ended.resolve).on('close', ended.resolve);
  socket.resume();
  try {
    await ended.promise;
  } finally {
    chunk.fill(0);
    if (descriptor === standardInput) leave(socket);
    else socket.destroy();
  }
}

// The next file that is opened would have the number of standard input, were that closed.
function leave(socket: Socket): void {
  isInputRead = true;
  socket.pause();
  socket.unref();
}

async function collectTyped(descriptor: number, buffer: BoundedBuffer): Promise<void> {
  const { ReadStream } = process.getBuiltinModule('node:tty');
  const stream = descriptor === standardInput ? process.stdin : new ReadStream(descriptor);
  const ended = Promise.withResolvers<void>();
  const add = (chunk: Buffer) => {
    if (buffer.add(chunk)) ended.resolve();
    chunk.fill(0);
  };
  stream.on('error', ended.reject).on('end', ended.resolve).on('data', add);
  try {
    await ended.promise;
  } finally {
    stream.off('error', ended.reject).off('end', ended.resolve).off('data', add);
    if (stream === process.stdin) stream.pause();
    else stream.destroy();
  }
}

/** A buffer that is wiped, and takes no more than it was made for. */
class BoundedBuffer implements Disposable {
  readonly #buffer: SecretBytes;
  #length = 0;

  constructor(most: number) {
    this.#buffer = allocateSecret(most);
  }

  /** Adds what fits. Returns whether it is full. */
  add(chunk: Uint8Array): boolean {
    const added = chunk.subarray(0, this.#buffer.length - this.#length);
    this.#buffer.set(added, this.#length);
    this.#length += added.length;
    return this.#length === this.#buffer.length;
  }

  take(): SecretBytes {
    return copySecret(this.#buffer.subarray(0, this.#length));
  }

  [Symbol.dispose](): void {
    this.#buffer.fill(0);
  }
}
