import type { HanaperError } from '../errors.ts';

/** A package that is signed or verified among others. */
export interface Target {
  /** How it was named, for a person. */
  readonly label: string;
  /** The file; its signature file is beside it. It need not exist where {@link hash} is known. */
  readonly path: string;
  /** The file name under which it is signed. */
  readonly name?: string;
  /** SHA-256, where a list or standard input says it: 64 hex characters. */
  readonly hash?: string;
  /** Whether the file is there, where a list names it. */
  readonly isPresent?: boolean;
  /** Why it can neither be signed nor verified. */
  readonly refusal?: HanaperError;
}
