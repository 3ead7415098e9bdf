/** One of several that are measured side by side. */
export interface Contender {
  readonly name: string;
  /** Does the work once, and returns how many milliseconds it took. */
  run(): number | Promise<number>;
}

/** What came of one contender. */
export interface Timing {
  readonly name: string;
  /** Median, in milliseconds. */
  readonly median: number;
  readonly rounds: number;
}

/**
 * Measures all contenders in alternation (A B A B …), so that whatever else the machine does falls on each alike.
 * A first round warms caches and is not counted.
 */
export async function alternate(rounds: number, contenders: readonly Contender[]): Promise<readonly Timing[]> {
  const measured = contenders.map(({ name }) => ({ name, times: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const time = await contender.run();
      if (round > 0) measured[index]?.times.push(time);
    }
  }
  return measured.map(({ name, times }) => ({ name, median: medianOf(times), rounds }));
}

/** How many milliseconds `work` takes. */
export async function timeOf(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** How many milliseconds one of many does, where one alone is too short to be timed. */
export async function timeOfOne(times: number, work: () => unknown): Promise<number> {
  const total = await timeOf(async () => {
    for (let i = 0; i < times; i++) await work();
  });
  return total / times;
}

/** The middle value; of an even number, the mean of the two. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
