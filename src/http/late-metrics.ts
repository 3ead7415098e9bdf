import type { Metrics } from './metrics.ts';

/** Counters whose library is loaded when there is something to count, so that the start does not wait for it. */
export class LateMetrics {
  readonly #isLocked: () => boolean;
  #metrics: Promise<Metrics> | undefined;

  constructor(isLocked: () => boolean) {
    this.#isLocked = isLocked;
  }

  /** The counters. */
  load(): Promise<Metrics> {
    this.#metrics ??= import('./metrics.ts').then(({ createMetrics }) => createMetrics(this.#isLocked));
    return this.#metrics;
  }

  /** Counts, at once or as soon as there are counters. */
  use(count: (metrics: Metrics) => void): void {
    // What cannot be counted is told of where the counters are read.
    this.load().then(count, () => undefined);
  }
}
