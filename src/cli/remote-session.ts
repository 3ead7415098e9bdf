import { join } from 'node:path';
import { knownAuthoritiesFile } from '../authority/identity/known-authorities.ts';
import { parseArgs } from '../authority/schemas/parse-args.ts';
import { Client } from '../client/client.ts';
import { openTransport, type ServerOptions } from '../client/connect.ts';
import { learnAuthority } from '../client/learn-authority.ts';
import type { LogMemory } from '../client/log-memory.ts';
import { requireSafeToUnlock, type UnlockedDocument, unlockServer } from '../client/unlock.ts';
import type { Config, RemoteConfig } from '../config.ts';
import type { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import { type Signer, signerOf } from '../ucan/token/signer.ts';
import { DeferredCaller } from './deferred-caller.ts';
import { type KeyFileOptions, type KeyReader, readIdentity } from './read-identity.ts';
import { readTokens } from './read-tokens.ts';

/** Options of a session that are for a server. */
export interface RemoteOptions extends KeyFileOptions {
  readonly insecure?: boolean;
}

/** What is needed of the session that it belongs to. */
export interface RemoteSurroundings extends KeyReader {
  readonly config: Config;
  readonly knownLogs: LogMemory;
}

/** What one run of a command has to do with a server. */
export class RemoteSession {
  readonly #session: RemoteSurroundings;
  readonly #remote: RemoteConfig;
  readonly #options: RemoteOptions;
  readonly #signers = new Map<string, Promise<Signer>>();
  #client: Promise<Client> | undefined;
  #authority: Promise<string> | undefined;
  #proofs: Promise<readonly Delegation[]> | undefined;

  constructor(session: RemoteSurroundings, remote: RemoteConfig, options: RemoteOptions) {
    this.#session = session;
    this.#remote = remote;
    this.#options = options;
  }

  /**
   * Who asks the server, with the configured key, else with that of `keyFile`. The key is opened for the first command.
   *
   * @throws HanaperError `usage` where there is no key, and what finding out whose server it is throws
   */
  async openCaller(keyFile?: string): Promise<DeferredCaller> {
    this.#keyFileOf(keyFile);
    await this.#readProofs();
    return new DeferredCaller({
      identity: { did: await this.learnAuthority() },
      check: async ({ args: schema }, { args }) => void parseArgs(schema, args),
      open: () => this.openClient(keyFile),
    });
  }

  /**
   * Asks the server by the configured key, else by that of `keyFile`.
   *
   * @throws HanaperError as {@link openCaller} does
   */
  openClient(keyFile?: string): Promise<Client> {
    this.#client ??= this.#connect(keyFile);
    return this.#client;
  }

  /**
   * Signs with the configured key, else with that of `keyFile`. Each file is read once.
   *
   * @throws HanaperError `usage` without one, and what reading it throws
   */
  openSigner(keyFile?: string): Promise<Signer> {
    return this.readSigner(this.#keyFileOf(keyFile));
  }

  #keyFileOf(keyFile: string | undefined): string {
    const file = this.#remote.as ?? keyFile;
    if (file !== undefined) return file;
    throw noKey(this.#remote.server);
  }

  /** Signs with a key file; one is read once, since it may be sealed with what standard input has. */
  readSigner(file: string): Promise<Signer> {
    const signer = this.#signers.get(file) ?? readIdentity(this.#session, file, this.#options).then(signerOf);
    this.#signers.set(file, signer);
    return signer;
  }

  /**
   * Finds what stands in the way of unlocking the server, and opens the configured key; gives the DID of its authority.
   *
   * @throws HanaperError what reading key and proofs throws, `usage`, `authority_changed`, `unavailable`
   */
  async prepareToUnlock(): Promise<string> {
    const isSigned = this.#remote.as !== undefined;
    requireSafeToUnlock(this.#serverOptions, isSigned);
    await this.#readProofs();
    const did = await this.learnAuthority();
    if (isSigned) await this.openSigner();
    return did;
  }

  /**
   * Unlocks the server, as the holder of the configured key, where there is one.
   *
   * @throws HanaperError what `unlockServer` throws
   */
  async unlock(passphrase: Secret): Promise<UnlockedDocument> {
    const signer = this.#remote.as === undefined ? undefined : await this.openSigner();
    return unlockServer({ ...this.#serverOptions, passphrase, signer, proofs: await this.#readProofs() });
  }

  /**
   * The DID of the server's authority.
   *
   * @throws HanaperError `usage`, `authority_changed`, `unavailable`
   */
  learnAuthority(): Promise<string> {
    this.#authority ??= learnAuthority(openTransport(this.#serverOptions), this.#serverOptions);
    return this.#authority;
  }

  async #connect(keyFile: string | undefined): Promise<Client> {
    const signer = await this.openSigner(keyFile);
    const proofs = await this.#readProofs();
    const transport = openTransport(this.#serverOptions);
    const authority = await this.learnAuthority();
    return new Client({ transport, authority, signer, proofs, logs: this.#session.knownLogs });
  }

  get #serverOptions(): ServerOptions {
    const { config, knownLogs } = this.#session;
    const { stateFolder, security } = config;
    return {
      logs: knownLogs,
      server: this.#remote.server,
      insecure: this.#options.insecure,
      authority: security.authority,
      pins: knownAuthoritiesFile(join(stateFolder, 'known_authorities')),
    };
  }

  // Once: a file can be standard input.
  #readProofs(): Promise<readonly Delegation[]> {
    this.#proofs ??= readTokens(...this.#remote.proofs).then(({ delegations }) => delegations);
    return this.#proofs;
  }
}

function noKey(server: string): HanaperError {
  return new HanaperError(
    'usage',
    `Say who asks ${server}: --as KEYFILE, with --proof FILE for what leads to that key. Make a key with: hanaper identity create.`,
    { option: '--as' },
  );
}
