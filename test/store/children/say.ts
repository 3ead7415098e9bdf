/** The child's side of {@link file://./child.ts}. */
import { once } from 'node:events';
import { HanaperError } from '../../../src/errors.ts';

/** Says one JSON document. */
export function say(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

/** Says that everything is ready, and waits for the word to go. */
export async function waitForGo(): Promise<void> {
  say('ready');
  await once(process.stdin, 'data');
  process.stdin.pause();
}

/** `ok`, or the code of the failure; another error than our own ends the process. */
export async function outcomeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return 'ok';
  } catch (error) {
    if (error instanceof HanaperError) return error.code;
    throw error;
  }
}
