import { HanaperError } from './errors.ts';

/**
 * What a request makes us do, by kind: IPLD values decoded, bytes held, bytes of map keys compared, steps of policies,
 * signatures checked, delegations visited by a search, rows read, rows and bytes written.
 */
export type Work =
  | 'values'
  | 'held_bytes'
  | 'key_bytes'
  | 'policy_steps'
  | 'signatures'
  | 'visits'
  | 'rows_read'
  | 'rows_written'
  | 'bytes_written';

/** How much of each kind one request may have done. A kind that is not named is not bounded. */
export type Allowance = Readonly<Partial<Record<Work, number>>>;

/** Is told of each piece of work before it is done, and of what it costs, in microseconds; it may refuse it. */
export type Meter = (work: Work, cost: number) => void;

/** What one unit costs, in microseconds of one core, roughly: what rate limits count. */
const costs: Readonly<Record<Work, number>> = {
  values: 0.3,
  held_bytes: 0.005,
  key_bytes: 0.005,
  policy_steps: 0.1,
  signatures: 100,
  visits: 5,
  rows_read: 10,
  rows_written: 50,
  bytes_written: 0.01,
};

const bytesOfValue = 100;

/**
 * The work that one request may cost. Anyone who is about to do a piece of work draws on it first.
 *
 * @example
 * const budget = new Budget({ signatures: 64 });
 * budget.spend('signatures'); // throws `too_large` once there are none left
 */
export class Budget {
  readonly #allowance: Allowance;
  readonly #meter: Meter | undefined;
  readonly #spent: Partial<Record<Work, number>> = {};

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
    const most = this.#allowance[work];
    if (most !== undefined && spent > most) throw exhausted(work, most);
    this.#meter?.(work, amount * costs[work]);
  }

  /**
   * Requires that no more was drawn than there was.
   *
   * @throws HanaperError `too_large`
   */
  requireLeft(): void {
    for (const [work, most] of Object.entries(this.#allowance)) {
      if (this.spentOn(work as Work) > most) throw exhausted(work as Work, most);
    }
  }

  /** How many units of a kind may still be drawn: for what can end early, and say that it did. */
  left(work: Work): number {
    return Math.max(0, (this.#allowance[work] ?? Number.POSITIVE_INFINITY) - this.spentOn(work));
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

function exhausted(work: Work, most: number): HanaperError {
  const name = work.replaceAll('_', ' ');
  return new HanaperError('too_large', `This asks for more work than one request may: more than ${most} ${name}.`, {
    work,
    most,
  });
}
