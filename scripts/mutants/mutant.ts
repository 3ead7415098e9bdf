/** A change to the sources that breaks a promise, and the tests that are to notice. */
export interface Mutant {
  /** The promise, as a sentence that is no longer true. */
  readonly breaks: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** Paths of tests, any of which must fail. */
  readonly tests: readonly string[];
}
