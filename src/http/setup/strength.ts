import { Worker } from 'node:worker_threads';
import type { Secret } from '../../crypto/secret.ts';
import { HanaperError } from '../../errors.ts';
import { copySecret } from '../../secret-bytes.ts';
import type { PassphraseStrength } from '../../vault/strength.ts';

/** Estimates how hard a passphrase is to guess. */
export type EstimateStrength = (passphrase: Secret) => Promise<PassphraseStrength>;

const longest = 20_000;

/**
 * Estimates it in a thread of its own, which ends afterwards and takes its memory with it: the dictionaries take hundreds
 * of milliseconds to read.
 *
 * @throws HanaperError `unavailable` where that takes too long
 */
export async function estimateInThread(passphrase: Secret): Promise<PassphraseStrength> {
  const bytes = copySecret(passphrase.bytes);
  const worker = new Worker(workerUrl());
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(tooSlow()), longest);
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(tooSlow()));
      worker.once('online', () => undefined);
      worker.once('message', () => clearTimeout(timer));
      worker.postMessage(bytes, [bytes.buffer]);
    });
  } finally {
    await worker.terminate();
  }
}

// The worker lies beside this file, as a source, as a module of the library, and as a file of the bundle.
function workerUrl(): URL {
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? '.js';
  return new URL(`./strength-worker${extension}`, import.meta.url);
}

function tooSlow(): HanaperError {
  return new HanaperError('unavailable', 'The strength of the passphrase could not be estimated in time. Try again.');
}
