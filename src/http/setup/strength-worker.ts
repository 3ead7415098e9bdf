import { parentPort } from 'node:worker_threads';
import { Secret } from '../../crypto/secret.ts';
import { estimateStrength } from '../../vault/strength.ts';

// One passphrase comes in, its strength goes out.
parentPort?.once('message', async (bytes: Uint8Array<ArrayBuffer>) => {
  using passphrase = Secret.adopt(bytes);
  parentPort?.postMessage(await estimateStrength(passphrase));
});
