import type { Authority } from '../authority/authority.ts';

/** What the API serves. */
export interface Service {
  /**
   * The open authority.
   *
   * @throws HanaperError `not_initialized`
   */
  authority(): Authority;
  /** Whether there is a database to be served. */
  readonly isReady: boolean;
}
