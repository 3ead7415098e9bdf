import { HanaperError } from '../../errors.ts';
import type { Checkpoint } from '../../log/checkpoint.ts';
import { SerialQueue } from '../../serial-queue.ts';
import type { Vault } from '../../vault/vault.ts';
import type { CheckpointContext, LastCheckpoint } from './make-checkpoint.ts';
import { type ReportFailure, tryCheckpoint } from './try-checkpoint.ts';

/** Whose log it is. */
export interface LogHost extends Omit<CheckpointContext, 'vault' | 'seen'> {
  readonly report: ReportFailure;
  /** The vault, while it is open. */
  vault(): Vault | undefined;
  /** Receives each checkpoint, once it is written. */
  remember(last: LastCheckpoint): void;
}

/** Sees to it that the log's entries come under a checkpoint. */
export class Checkpointer {
  readonly #host: LogHost;
  /** Milliseconds after which an entry is under one; `undefined`: as late as when all ends. */
  readonly #delay: number | undefined;
  readonly #turns = new SerialQueue();
  #seen: Checkpoint | undefined;
  #isBehind = false;
  #timer: NodeJS.Timeout | undefined;
  #next: Promise<void> | undefined;

  constructor(host: LogHost, delay: number | undefined) {
    this.#host = host;
    this.#delay = delay;
  }

  /** Takes note that there may be entries under no checkpoint yet. */
  notice(): void {
    this.#isBehind = true;
    if (this.#delay === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#makeLate(), this.#delay).unref();
  }

  /**
   * Brings every entry that was committed before this was asked for under a checkpoint. While the vault is locked nothing
   * can be signed, and nothing is done.
   *
   * @throws HanaperError `log_tampered`, `log_rolled_back`, `unavailable`
   */
  make(): Promise<void> {
    // Who asks while one is being made shares the next.
    this.#next ??= this.#turns.take(() => {
      this.#next = undefined;
      return this.#make();
    });
    return this.#next;
  }

  /** Makes the last one, where there is something new. A failure is reported, and the next time does it. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isBehind) await this.#tryToMake();
  }

  async #make(): Promise<void> {
    const vault = this.#host.vault();
    if (vault === undefined) return;
    this.#isBehind = false;
    try {
      if (await this.#isNothingNew()) return;
      const { makeCheckpoint } = await import('./make-checkpoint.ts');
      const last = await makeCheckpoint({ ...this.#host, vault, seen: this.#seen });
      this.#seen = last;
      this.#host.remember(last);
    } catch (error) {
      this.#isBehind = true;
      if (error instanceof HanaperError && error.code === 'log_rolled_back') this.#host.followed.refuse(error);
      throw error;
    }
  }

  // Asked before each proof; what was seen was verified, and nothing is signed now.
  async #isNothingNew(): Promise<boolean> {
    if (this.#seen === undefined) return false;
    return (await this.#host.followed.read(async (_, { size }) => size)) === this.#seen.size;
  }

  #tryToMake(): Promise<HanaperError | undefined> {
    return tryCheckpoint(() => this.make(), this.#host.report);
  }

  #makeLate(): void {
    this.#timer = undefined;
    this.#tryToMake().then(
      (error) => {
        // A disk that is full may have room again; a tile that was altered stays so until somebody looks.
        if (error?.code === 'unavailable') this.notice();
      },
      () => undefined,
    );
  }
}
