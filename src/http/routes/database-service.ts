import { requireRefusal } from '../../attempt.ts';
import type { Authority } from '../../authority/authority.ts';
import { type AuthorityOptions, openAuthority } from '../../authority/open-authority.ts';
import { HanaperError } from '../../errors.ts';
import type { Service } from '../service.ts';

/** The database of a server: open, or not initialised yet. */
export class DatabaseService implements Service, AsyncDisposable {
  readonly options: AuthorityOptions;
  #authority: Authority | undefined;
  #opening: Promise<void> | undefined;
  #failure: HanaperError | undefined;

  constructor(options: AuthorityOptions) {
    this.options = options;
  }

  /** Whether there is a database to be served. */
  get isReady(): boolean {
    return this.#authority !== undefined;
  }

  /** Whether it is known that there is no database yet. */
  get isMissing(): boolean {
    return this.#authority === undefined && this.#failure?.code === 'not_initialized';
  }

  /** The open authority, where there is one. */
  get current(): Authority | undefined {
    return this.#authority;
  }

  /**
   * The open authority.
   *
   * @throws HanaperError `not_initialized`, and why the database could not be opened
   */
  authority(): Authority {
    if (this.#authority) return this.#authority;
    throw this.#failure ?? new HanaperError('not_initialized', 'This server is not initialised yet.');
  }

  /**
   * Opens the database, unless it is open; it stays closed while it is not initialised.
   *
   * @throws HanaperError `bad_config`, `database_newer`, `database_corrupt`, `unavailable`, `authority_tampered`,
   * `authority_changed`
   */
  async open(): Promise<void> {
    if (this.#authority) return;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  /** The same, for each request before the database is there: somebody may have initialised it beside this process. */
  async refresh(): Promise<void> {
    try {
      await this.open();
    } catch (error) {
      const refusal = requireRefusal(error);
      this.#failure = refusal;
    }
  }

  /** Locks the vault and closes the database. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#authority?.close();
    this.#authority = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(): Promise<void> {
    try {
      this.#authority = await openAuthority(this.options);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = requireRefusal(error, 'not_initialized');
    }
  }
}
