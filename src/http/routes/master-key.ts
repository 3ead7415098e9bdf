import { basename } from 'node:path';
import { requireRefusal } from '../../attempt.ts';
import { costsOf, type SlotArgs, type SlotVerdictDocument, unlockDatabase } from '../../authority/commands/database.ts';
import { type Answer, checkRequest } from '../../authority/execution/execute.ts';
import type { Request } from '../../authority/execution/request.ts';
import { initializeAuthority } from '../../authority/initialize.ts';
import type { Argon2Parameters } from '../../crypto/argon2.ts';
import type { Secret } from '../../crypto/secret.ts';
import { HanaperError } from '../../errors.ts';
import { SerialQueue } from '../../serial-queue.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { requireCostsWithinBounds } from '../../vault/costs.ts';
import { describeWeakness, isStrongEnough, requireStrength } from '../../vault/strength.ts';
import { Backoff } from '../backoff.ts';
import { attemptLimits, maxWaitingPassphrases } from '../limits.ts';
import type { Callers } from '../request/callers.ts';
import type { SetupToken } from '../setup/setup-token.ts';
import type { EstimateStrength } from '../setup/strength.ts';
import type { DatabaseService } from './database-service.ts';

/** What the master key of a server works with. */
export interface MasterKeyOptions {
  readonly service: DatabaseService;
  /** Where the database was not initialised when the server started. */
  readonly token?: SetupToken;
  /** Argon2id costs where an initialisation names none. */
  readonly costs?: Argon2Parameters;
  readonly estimate: EstimateStrength;
  readonly callers: Callers;
  /** Milliseconds. */
  readonly now: () => number;
}

// All passphrases are guesses at the same slots.
const guesses = 'passphrase';

/**
 * Makes the master key of a server's database, and opens it. What costs memory and time, Argon2id and the estimate of a
 * passphrase's strength, is done one at a time; what fails is slowed.
 */
export class MasterKey {
  readonly #options: MasterKeyOptions;
  readonly #costly: SerialQueue = new SerialQueue(maxWaitingPassphrases);
  readonly #passphrases: Backoff;
  readonly #tokens: Backoff;

  constructor(options: MasterKeyOptions) {
    this.#options = options;
    this.#passphrases = new Backoff(attemptLimits, options.now);
    this.#tokens = new Backoff(attemptLimits, options.now);
  }

  /**
   * Checks what somebody shows against the set-up token; `caller` is whose failures are counted.
   *
   * @throws HanaperError `token_missing`, `not_authorized`, `rate_limited`
   */
  requireSetupToken(given: string | undefined, caller: string): void {
    const { token } = this.#options;
    if (given === undefined) throw tokenMissing(token);
    this.#tokens.requireTurn(caller);
    if (!token?.matches(given)) {
      this.#tokens.fail(caller);
      throw wrongToken(token);
    }
    this.#tokens.succeed(caller);
  }

  /**
   * Initialises the database, and opens its vault; gives what was delegated to the operator, where one is named.
   *
   * @throws HanaperError `already_initialized`, `weak_passphrase`, `bad_input`, `rate_limited`, and what
   * `initializeAuthority` throws
   */
  initialize(args: SlotArgs, passphrase: Secret, operator: string | undefined): Promise<readonly Delegation[]> {
    const { service, token, estimate } = this.#options;
    const costs = costsOf(args, this.#options.costs);
    return this.#costly.take(async () => {
      if (service.isReady) throw alreadyInitialized();
      if (!token?.isLive) throw wrongToken(token);
      if (service.options.authority !== undefined) throw authorityGiven();
      requireCostsWithinBounds(costs);
      requireStrength(await estimate(passphrase));
      const credential = { kind: 'passphrase', passphrase } as const;
      const { database, knownAuthorities, observer, clock } = service.options;
      const { delegations = [] } = await initializeAuthority({
        database,
        ...(operator !== undefined && { operator }),
        slot: args.method,
        credential,
        costs,
        ...(knownAuthorities && { knownAuthorities }),
        ...(observer && { observer }),
        ...(clock && { clock }),
      });
      token.remove();
      await service.open();
      await service.authority().unlock(credential);
      await service.authority().execute(unlockDatabase, {});
      return delegations;
    });
  }

  /**
   * Judges a passphrase beside what was said of the rest; an unfit one is no error here.
   *
   * @throws HanaperError `rate_limited`
   */
  async validate(verdict: SlotVerdictDocument, prepare: (() => Secret) | undefined): Promise<SlotVerdictDocument> {
    if (prepare === undefined) return verdict;
    try {
      using passphrase = prepare();
      const strength = await this.#costly.take(() => this.#options.estimate(passphrase));
      return isStrongEnough(strength) ? verdict : spoil(verdict, describeWeakness(strength));
    } catch (error) {
      return spoil(verdict, requireRefusal(error, 'bad_input').message);
    }
  }

  /**
   * Finds out whether an invocation may open the vault, before anything costly is done: it needs no key. One that was
   * executed before gives its answer again, and opens nothing.
   *
   * @throws HanaperError what `checkRequest` throws
   */
  async admitUnlocking(request: Request): Promise<Answer | undefined> {
    const authority = this.#options.service.authority();
    return checkRequest(authority, unlockDatabase, request);
  }

  /**
   * Tries a passphrase, opens the vault if it is locked, and has `record` write down that it was opened. A wrong passphrase
   * leaves the vault as it was, open or locked, and so does a failure of `record`.
   *
   * @throws HanaperError `wrong_passphrase`, `slot_damaged`, `rate_limited`, and what `record` throws
   */
  async unlock<Result>(passphrase: Secret, record: () => Promise<Result>): Promise<Result> {
    this.#passphrases.requireTurn(guesses);
    return await this.#costly.take(async () => {
      // Others may have failed while this one waited.
      this.#passphrases.requireTurn(guesses);
      const wasLocked = await this.#open(passphrase);
      const authority = this.#options.service.authority();
      try {
        return await record();
      } catch (error) {
        if (wasLocked) authority.lock();
        throw error;
      }
    });
  }

  async #open(passphrase: Secret): Promise<boolean> {
    const authority = this.#options.service.authority();
    const credential = { kind: 'passphrase', passphrase } as const;
    try {
      const wasLocked = authority.locked;
      if (wasLocked) await authority.unlock(credential);
      else (await authority.openVault(credential)).vault.lock();
      this.#passphrases.succeed(guesses);
      return wasLocked;
    } catch (error) {
      if (error instanceof HanaperError && error.code === 'wrong_passphrase') this.#passphrases.fail(guesses);
      throw error;
    }
  }
}

function spoil({ warnings }: SlotVerdictDocument, warning: string): SlotVerdictDocument {
  return { valid: false, warnings: [...warnings, warning] };
}

function whereToken(token: SetupToken | undefined): string {
  return token?.isLive
    ? `It stands in the file "${basename(token.path)}" in the state folder of the server.`
    : 'No set-up token is left: start the server anew.';
}

function tokenMissing(token: SetupToken | undefined): HanaperError {
  return new HanaperError(
    'token_missing',
    `This needs the set-up token of this server, in a header. ${whereToken(token)}`,
    {
      reason: 'set-up token',
    },
  );
}

function wrongToken(token: SetupToken | undefined): HanaperError {
  return new HanaperError('not_authorized', `This is not the set-up token of this server. ${whereToken(token)}`, {
    reason: 'set-up token',
  });
}

/** What is said where there is a database already. */
export function alreadyInitialized(): HanaperError {
  return new HanaperError('already_initialized', 'This server is initialised already, and can be only once.');
}

function authorityGiven(): HanaperError {
  return new HanaperError(
    'usage',
    'A new database makes an authority of its own, so it cannot be another: start the server without --authority.',
    { option: '--authority' },
  );
}
