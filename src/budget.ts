import { HanaperError } from './errors.ts';

/**
 * What a request makes us do, by kind: tokens and values decoded, bytes held, bytes of map keys compared, steps of policies,
 * signatures checked or made (in those of Ed25519), delegations visited by a search, queries, rows read, rows and bytes
 * written, principals that were not known.
 */
export type Work =
  | 'tokens'
  | 'values'
  | 'held_bytes'
  | 'key_bytes'
  | 'policy_steps'
  | 'signatures'
  | 'visits'
  | 'queries'
  | 'rows_read'
  | 'rows_written'
  | 'bytes_written'
  | 'principals';

/**
 * How much of each kind one request may have done, and of all kinds together: `cost`, in microseconds as they are counted
 * here, never measured. What is not named is not bounded.
 */
export type Allowance = Readonly<Partial<Record<Work | 'cost', number>>>;

/** Receives each piece of work before it is done, with its cost in microseconds; it may refuse it. */
export type Meter = (work: Work, cost: number) => void;

/** What one unit costs, in microseconds of one core, roughly: what rate limits count. */
const costs: Readonly<Record<Work, number>> = {
  tokens: 5,
  values: 0.5,
  held_bytes: 0.005,
  key_bytes: 0.005,
  policy_steps: 0.2,
  signatures: 100,
  visits: 3,
  queries: 30,
  rows_read: 5,
  rows_written: 45,
  bytes_written: 0.01,
  principals: 300,
};

const bytesOfValue = 100;

/**
 * The work that one request may cost. Anyone who is about to do a piece of work draws on it first.
 *
 * @example
 * const budget = new Budget({ signatures: 64 });
 * budget.spend('signatures'); // throws `too_large` once all are spent
 */
export class Budget {
  readonly #allowance: Allowance;
  readonly #meter: Meter | undefined;
  readonly #spent: Partial<Record<Work, number>> = {};
  #cost = 0;

  constructor(allowance: Allowance = {}, meter?: Meter) {
    this.#allowance = allowance;
    this.#meter = meter;
  }

  /**
   * Draws `amount` units, before the work is done.
   *
   * @throws HanaperError `too_large` where less than that is left, and what the meter throws
   */
  spend(work: Work, amount = 1): void {
    const spent = this.spentOn(work) + amount;
    this.#spent[work] = spent;
    const cost = amount * costs[work];
    this.#cost += cost;
    const most = this.#allowance[work];
    if (most !== undefined && spent > most) throw exhausted(work, most);
    if (this.#costLeft < 0) throw exhausted('cost', this.#allowance.cost ?? 0);
    this.#meter?.(work, cost);
  }

  /**
   * Requires that no more was drawn than there was.
   *
   * @throws HanaperError `too_large`
   */
  requireLeft(): void {
    for (const [work, most] of Object.entries(this.#allowance)) {
      const spent = work === 'cost' ? this.#cost : this.spentOn(work as Work);
      if (spent > most) throw exhausted(work as Work | 'cost', most);
    }
  }

  /** How many units of a kind may still be drawn: for what can end early, and say that it did. */
  left(work: Work): number {
    const ofKind = (this.#allowance[work] ?? Number.POSITIVE_INFINITY) - this.spentOn(work);
    return Math.max(0, Math.min(ofKind, Math.floor(this.#costLeft / costs[work])));
  }

  get #costLeft(): number {
    return (this.#allowance.cost ?? Number.POSITIVE_INFINITY) - this.#cost;
  }

  /** How many units of a kind were drawn, refused ones included. */
  spentOn(work: Work): number {
    return this.#spent[work] ?? 0;
  }

  /** How much memory is taken by what was drawn, in bytes, roughly. */
  get heldBytes(): number {
    return this.spentOn('held_bytes') + bytesOfValue * this.spentOn('values');
  }
}

function exhausted(work: Work | 'cost', most: number): HanaperError {
  const name = work === 'cost' ? 'microseconds of work' : work.replaceAll('_', ' ');
  return new HanaperError('too_large', `This asks for more work than one request may: more than ${most} ${name}.`, {
    work,
    most,
  });
}
