'use strict';
// Loaded in front of a command. When that has done its work, and at each SIGUSR2, its garbage is collected; then it says so
// on descriptor 3, and stands still until a byte comes on descriptor 4.
const { readSync, writeSync } = require('node:fs');

let hasEnded = false;

function hold() {
  for (let i = 0; i < 5; i++) globalThis.gc();
  writeSync(3, '.');
  try {
    readSync(4, Buffer.alloc(1));
  } catch {
    // Nobody looks any more.
  }
}

function holdAtEnd() {
  if (!hasEnded) hold();
  hasEnded = true;
}

process.on('SIGUSR2', hold);
process.once('beforeExit', holdAtEnd);
// Behind the listeners of the command itself, for what ends by a signal.
setImmediate(() => process.on('exit', holdAtEnd));
