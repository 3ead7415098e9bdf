/** Waiting for what comes to pass, on a machine of any speed. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds: so long that only what hangs reaches it. */
export const patience = 300_000;

/** Asks again and again until `probe` neither throws nor returns `false`, and returns what it returned then. */
export async function eventually<Result>(
  probe: () => Result | Promise<Result>,
  interval = 10,
): Promise<Exclude<Result, false>> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      const result = await probe();
      if (result !== false) return result as Exclude<Result, false>;
      if (Date.now() > deadline) throw new Error(`It did not come to pass: ${probe}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(interval);
  }
}
