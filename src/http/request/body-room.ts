import { HanaperError } from '../../errors.ts';
import { type BodyLimits, bodyLimits } from '../limits.ts';

/** What one request holds of the room for bodies. */
export interface BodyShare extends Disposable {
  /**
   * Takes room for bytes that have arrived.
   *
   * @throws HanaperError `unavailable`
   */
  take(bytes: number): void;
}

/** Bounds the bytes of all bodies that are under way, and of those of one address; what is short is never in the way. */
export class BodyRoom {
  readonly #limits: BodyLimits;
  readonly #byAddress = new Map<string, number>();
  #held = 0;

  constructor(limits: BodyLimits = bodyLimits) {
    this.#limits = limits;
  }

  /** A share for one request from an address. */
  open(address: string): BodyShare {
    const { freeBytes } = this.#limits;
    let arrived = 0;
    let counted = 0;
    return {
      take: (bytes) => {
        arrived += bytes;
        const more = Math.max(0, arrived - freeBytes) - counted;
        if (more === 0) return;
        this.#requireRoom(address, more);
        counted += more;
        this.#hold(address, more);
      },
      [Symbol.dispose]: () => {
        this.#hold(address, -counted);
        counted = 0;
      },
    };
  }

  #requireRoom(address: string, more: number): void {
    const { bytesOfAll, bytesOfOne } = this.#limits;
    const own = this.#byAddress.get(address) ?? 0;
    if (this.#held + more <= bytesOfAll && own + more <= bytesOfOne) return;
    throw new HanaperError('unavailable', 'Too much is being sent to this server at the moment. Try again.', {
      reason: 'too many bodies',
    });
  }

  #hold(address: string, change: number): void {
    this.#held += change;
    const own = (this.#byAddress.get(address) ?? 0) + change;
    if (own > 0) this.#byAddress.set(address, own);
    else this.#byAddress.delete(address);
  }
}
