import { join } from 'node:path';
import { attempt } from '../attempt.ts';
import type { Authority } from '../authority/authority.ts';
import { knownAuthoritiesFile } from '../authority/identity/known-authorities.ts';
import type { KnownLogs } from '../authority/log/known-logs.ts';
import type { AuthorityOptions } from '../authority/open-authority.ts';
import { type Config, defaultDatabase, loadConfig, type RemoteConfig } from '../config.ts';
import { HanaperError } from '../errors.ts';
import type { Observer } from '../events.ts';
import type { Progress } from '../package/hash-package.ts';
import type { Credential } from '../vault/slot.ts';
import type { Caller } from './caller.ts';
import type { CredentialSources, FoundCredential } from './credential.ts';
import type { DeferredCaller } from './deferred-caller.ts';
import { eventLogPathOf, type GlobalOptions, overridesOf } from './global-options.ts';
import { type Output, printWarning } from './output.ts';
import { createProgressBar } from './progress.ts';
import { passphraseOf } from './question.ts';
import { explain } from './remedies.ts';
import { RememberedLogs } from './remembered-logs.ts';
import type { RemoteSession } from './remote-session.ts';
import { SeenCheckpoints } from './seen-checkpoints.ts';

/** What one run of a command works with; it ends with the command. */
export class Session implements AsyncDisposable {
  readonly output: Output;
  readonly config: Config;
  readonly observer: Observer | undefined;
  /** What was seen of logs, as those see it who go on where it cannot be used. */
  readonly knownLogs: RememberedLogs;
  readonly #options: GlobalOptions;
  readonly #stack: AsyncDisposableStack;
  #authority: Authority | undefined;
  #remote: RemoteSession | undefined;

  private constructor(
    output: Output,
    options: GlobalOptions,
    config: Config,
    observer: Observer | undefined,
    stack: AsyncDisposableStack,
  ) {
    this.output = output;
    this.#options = options;
    this.config = config;
    this.observer = observer;
    this.#stack = stack;
    const memory: KnownLogs = {
      list: (did) => this.seenCheckpoints.list(did),
      remember: (latest) => this.seenCheckpoints.remember(latest),
    };
    this.knownLogs = stack.use(new RememberedLogs(memory, (message) => this.warn(message)));
  }

  /** @throws HanaperError `bad_config` */
  static async start(output: Output, options: GlobalOptions): Promise<Session> {
    const config = await loadConfig(overridesOf(options));
    if (options.as !== undefined && config.remote === undefined) throw asWithoutServer();
    const stack = new AsyncDisposableStack();
    if (options.log === '') throw new HanaperError('bad_config', '--log names no file.', { option: '--log' });
    const path = eventLogPathOf(options);
    const log = path ? stack.use(await (await import('./event-log.ts')).openEventLog(path)) : undefined;
    return new Session(output, options, config, log?.observe, stack);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  /** Path of the event log; `-` is standard error. */
  get eventLogPath(): string | undefined {
    return eventLogPathOf(this.#options);
  }

  /** What was seen of logs. */
  get seenCheckpoints(): SeenCheckpoints {
    return new SeenCheckpoints(join(this.config.stateFolder, 'log-checkpoints.json'));
  }

  /** The organisation that was named by option, environment or file. */
  get organisation(): string | undefined {
    return this.config.security.verificationOrg;
  }

  /** Whether a flag names an organisation or an authority, which only a database can answer for. */
  get asksForDatabase(): boolean {
    return this.#options.org !== undefined || this.#options.authority !== undefined;
  }

  /** The organisation that a flag names. */
  get flaggedOrganisation(): string | undefined {
    return this.#options.org;
  }

  /** Whether `--proof` stands without a file behind it, and so asks for the proof of what is done. */
  get asksForProof(): boolean {
    return this.#options.proof?.includes('') === true;
  }

  /** Whether `--authority` stands alone, and so says whose key to use. */
  get actsAsAuthority(): boolean {
    return this.#options.authority === true;
  }

  /** Whether a flag, the environment or the configuration names the database, or something that only one can know. */
  get namesDatabase(): boolean {
    return this.asksForDatabase || this.locatesDatabase;
  }

  /** Whether a flag, the environment or the configuration says where the database is. */
  get locatesDatabase(): boolean {
    const isNamed = this.#options.db !== undefined || Boolean(process.env['HANAPER_DB']);
    return isNamed || attempt(() => this.config.db !== defaultDatabase(process.env)) === true;
  }

  /** How the configured database is opened. */
  get authorityOptions(): AuthorityOptions {
    const { authority } = this.config.security;
    return {
      database: this.config.db,
      knownAuthorities: knownAuthoritiesFile(join(this.config.stateFolder, 'known_authorities')),
      knownLogs: this.knownLogs,
      ...(authority !== undefined && { authority }),
      observer: (event, refusal) => {
        this.observer?.(event);
        if (event.name === 'log.checkpoint_failed' && refusal) this.#warnOfCheckpoint(refusal);
      },
    };
  }

  /** Opens the database, locked: for reading. Where this machine has seen more of its log, a person is warned. */
  async openAuthority(): Promise<Authority> {
    const authority = await this.openUnwatched();
    await this.warnOfOldCopy(authority);
    return authority;
  }

  /** Opens the database, locked, for callers that check its log against what was seen themselves. */
  openUnwatched(): Promise<Authority> {
    return this.#open(this.authorityOptions);
  }

  /** Warns a person where the log of a database does not continue what this machine has seen of it. */
  async warnOfOldCopy({ identity, logWatch }: Authority): Promise<void> {
    // Nothing is said of a memory that cannot be used: what only reads remembers nothing.
    const seen = attempt(() => this.seenCheckpoints.list(identity.did)) ?? [];
    const refusal = await logWatch.findRefusal(seen);
    if (refusal) this.warn(`What is read here may be out of date: ${explain(refusal)}`);
  }

  /** Opens the database so that nothing is written to it, not even what brings an older one up to date. */
  examineAuthority(): Promise<Authority> {
    return this.#open({ ...this.authorityOptions, examines: true });
  }

  /** Opens the database for reading, where there is one; one that is named must be there. */
  async findAuthority(): Promise<Authority | undefined> {
    try {
      return await this.openAuthority();
    } catch (error) {
      if (isMissing(error) && !this.namesDatabase) return undefined;
      throw error;
    }
  }

  /** Opens the database and unlocks it: for writing. */
  async unlockAuthority(): Promise<Authority> {
    const authority = await this.openUnwatched();
    if (!authority.locked) return authority;
    // Nobody types a passphrase for an old copy.
    await authority.logWatch.hold();
    await this.tryCredential({ question: passphraseOf(authority) }, (credential) => authority.unlock(credential));
    return authority;
  }

  /** The server that takes the place of the database, where one is configured. */
  get remote(): RemoteConfig | undefined {
    return this.config.remote;
  }

  /**
   * The way to the server.
   *
   * @throws HanaperError `usage` where none is configured
   */
  async openRemote(): Promise<RemoteSession> {
    const { remote } = this.config;
    if (remote === undefined) throw noServer();
    const { RemoteSession } = await import('./remote-session.ts');
    this.#remote ??= new RemoteSession(this, remote, this.#options);
    return this.#remote;
  }

  /**
   * Who executes a command that reads, or one that writes: the database, or the server. `keyFile` is asked with there
   * where no other key is named. A passphrase is asked for when the first command needs it.
   */
  async openCaller(access: 'read' | 'write', keyFile?: string): Promise<Caller> {
    return access === 'read' && !this.remote ? this.openAuthority() : this.openWriter(keyFile);
  }

  /** Who executes commands that write. */
  async openWriter(keyFile?: string): Promise<DeferredCaller> {
    if (this.remote) return (await this.openRemote()).openCaller(keyFile);
    const { openDatabaseCaller } = await import('./open-database-caller.ts');
    return openDatabaseCaller(this, await this.openUnwatched());
  }

  /** Where the present credential comes from. */
  credentialSources(changes: Partial<CredentialSources> = {}): CredentialSources {
    const { rawKeyFile, passphraseFile } = this.#options;
    const flagged = rawKeyFile !== undefined || passphraseFile !== undefined;
    return {
      rawKeyFile: flagged ? rawKeyFile : process.env['HANAPER_RAW_KEY_FILE'] || undefined,
      passphraseFile: flagged ? passphraseFile : process.env['HANAPER_PASSPHRASE_FILE'] || undefined,
      variable: 'HANAPER_PASSPHRASE',
      question: 'Passphrase',
      confirm: false,
      ...changes,
    };
  }

  /** Whether nothing gives the passphrase, so that a person is asked. */
  get asksForPassphrase(): boolean {
    const { rawKeyFile, passphraseFile, variable } = this.credentialSources();
    return rawKeyFile === undefined && passphraseFile === undefined && !process.env[variable];
  }

  /** Uses a credential; one that was typed wrongly is asked for again, three times in all. */
  async tryCredential<Result>(
    changes: Partial<CredentialSources>,
    use: (credential: Credential) => Promise<Result>,
  ): Promise<Result> {
    const { tryCredential } = await import('./credential.ts');
    return tryCredential(this.credentialSources(changes), (found) => use(this.#keep(found)));
  }

  /** A credential, asked for where it is not given; wiped when the session ends. */
  async requireCredential(changes: Partial<CredentialSources> = {}): Promise<Credential> {
    const { requireCredential } = await import('./credential.ts');
    return this.#keep(await requireCredential(this.credentialSources(changes)));
  }

  /** A credential, where one is given without asking. */
  async findCredential(changes: Partial<CredentialSources> = {}): Promise<Credential | undefined> {
    const { findCredential } = await import('./credential.ts');
    const found = await findCredential(this.credentialSources(changes));
    return found && this.#keep(found);
  }

  /** Wipes something when the session ends. */
  keep<Kept extends Disposable>(kept: Kept): Kept {
    return this.#stack.use(kept);
  }

  /** Draws how far a large file is hashed, on a terminal. */
  get progress(): Progress {
    return createProgressBar();
  }

  /** Warns a person. */
  warn(message: string): void {
    printWarning(this.output, message);
  }

  async #open(options: AuthorityOptions): Promise<Authority> {
    const { openAuthority } = await import('../authority/open-authority.ts');
    this.#authority ??= this.#stack.use(await openAuthority(options));
    return this.#authority;
  }

  #warnOfCheckpoint({ message }: HanaperError): void {
    this.warn(
      `What was done stands, but is under no checkpoint of the log yet: ${message} The next checkpoint takes it in; where that fails too: hanaper log verify`,
    );
  }

  #keep({ credential, warnings }: FoundCredential): Credential {
    this.#stack.use(credential.kind === 'raw' ? credential.key : credential.passphrase);
    for (const warning of warnings) this.warn(warning);
    return credential;
  }
}

/** Whether a database could not be opened because it does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof HanaperError && (error.code === 'not_initialized' || error.details['reason'] === 'no home');
}

function asWithoutServer(): HanaperError {
  return new HanaperError('usage', '--as says who asks a server, and none is named: give --server or --profile.', {
    option: '--as',
  });
}

function noServer(): HanaperError {
  return new HanaperError('usage', 'This is for a server: name it with --server, --profile or HANAPER_SERVER.', {
    option: '--server',
  });
}
