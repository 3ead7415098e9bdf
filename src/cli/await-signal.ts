import { wipeAllSecrets } from '../crypto/secret.ts';

/**
 * Waits for the first signal that asks the process to stop. A second one ends it at once, as the signal does by itself, after
 * `beforeEnd`: an orderly exit would wait for an Argon2id that is under way.
 */
export function awaitSignal(beforeEnd: () => void = () => undefined): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
      replaceListeners(signal, () => {
        if (isStopping) {
          beforeEnd();
          endBy(signal);
        }
        isStopping = true;
        resolve(signal);
      });
    }
  });
}

// A signal that has come, and was not heard yet, would be lost while nobody listens.
function replaceListeners(signal: NodeJS.Signals, listener: () => void): void {
  const former = process.listeners(signal);
  process.on(signal, listener);
  for (const each of former) process.off(signal, each);
}

/** Ends the process as a signal does by itself, with its secrets wiped. */
export function endBy(signal: NodeJS.Signals): void {
  wipeAllSecrets();
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
