import { dropOldest } from '../../drop-oldest.ts';
import type { RequestRate } from '../limits.ts';
import { blockOf } from './address-block.ts';

interface Bucket {
  tokens: number;
  /** Milliseconds. */
  filledAt: number;
}

/** Counts requests by address: a bucket each, which fills with time, and of which there is a bounded number. */
export class RateLimit {
  readonly #rate: RequestRate;
  readonly #most: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: RequestRate, most: number) {
    this.#rate = rate;
    this.#most = most;
  }

  /** Counts a request at a time in milliseconds: 0 where it may pass, else the seconds to wait. */
  count(address: string, now: number): number {
    const { perSecond } = this.#rate;
    const key = blockOf(address);
    const filled = this.#fill(key, now);
    const passes = filled >= 1;
    this.#keep(key, { tokens: passes ? filled - 1 : filled, filledAt: now });
    return passes ? 0 : Math.ceil((1 - filled) / perSecond);
  }

  /** Has an address pay for what its requests have cost beyond their own count; it may owe a burst, and no more. */
  charge(address: string, requests: number, now: number): void {
    const key = blockOf(address);
    const left = this.#fill(key, now) - requests;
    this.#keep(key, { tokens: Math.max(-this.#rate.burst, left), filledAt: now });
  }

  /** Seconds until an address owes nothing for other requests than one that was charged `own`; 0 where it owes nothing. */
  owes(address: string, own: number, now: number): number {
    const owed = -this.#fill(blockOf(address), now) - own;
    return owed > 0 ? Math.ceil(owed / this.#rate.perSecond) : 0;
  }

  #fill(key: string, now: number): number {
    const { perSecond, burst } = this.#rate;
    const { tokens, filledAt } = this.#buckets.get(key) ?? { tokens: burst, filledAt: now };
    return Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
  }

  // The one that was used longest ago goes first: it is the fullest.
  #keep(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    dropOldest(this.#buckets, this.#most);
  }
}
