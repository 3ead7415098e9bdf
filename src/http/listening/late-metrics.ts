import type { Metrics, Watched } from './metrics.ts';

/** Counters whose library is loaded when there is something to count, so that the start does not wait for it. */
export class LateMetrics {
  readonly #watched: Watched;
  #metrics: Promise<Metrics> | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** The counters. */
  load(): Promise<Metrics> {
    this.#metrics ??= import('./metrics.ts').then(({ createMetrics }) => createMetrics(this.#watched));
    return this.#metrics;
  }

  /** Counts, at once or as soon as there are counters. */
  use(count: (metrics: Metrics) => void): void {
    // What cannot be counted is reported where the counters are read.
    this.load().then(count, () => undefined);
  }
}
