import { requireRefusal } from '../../attempt.ts';
import { Budget } from '../../budget.ts';
import type { IpldMap, IpldValue } from '../encoding/ipld.ts';
import { limits } from '../limits.ts';
import { matchesGlob } from './glob.ts';
import type { Comparison, Policy, Statement } from './policy.ts';
import { equalValues, type Missing, type Selector, type Spend, select, sizeOf, valuesOf, weigh } from './selector.ts';

/** Why arguments break a policy. */
export interface PolicyFailure {
  /** The statement that failed, as it stands in the token. */
  readonly statement: IpldValue;
  /**
   * `unresolved`: a selector finds nothing, is not optional, and that refuses the policy. `too_costly`: more steps than the
   * budget has left.
   */
  readonly reason: 'false' | 'unresolved' | 'too_costly';
}

/** How a policy is evaluated. */
export interface PolicyOptions {
  /** Default: `null`. */
  readonly missing?: Missing | undefined;
  /** Policies draw `policy_steps` and `key_bytes`. Default: that of one chain. */
  readonly budget?: Budget | undefined;
}

/** Opens the budget of the policies of one chain. */
export function openPolicyBudget(): Budget {
  return new Budget({ policy_steps: limits.policySteps, key_bytes: limits.policyKeyBytes });
}

/**
 * Checks arguments against a policy (UCAN delegation 1.0, "Validation"); `undefined` where every statement holds. A key that
 * a map lacks selects null, and a selector that cannot be resolved makes its statement false. With `missing: 'refuse'`
 * either refuses the whole policy, even under `not` or `!=`, so that nobody slips past a rule by leaving a field out.
 */
export function findPolicyFailure(
  { source, statements }: Policy,
  args: IpldMap,
  { missing = 'null', budget = openPolicyBudget() }: PolicyOptions = {},
): PolicyFailure | undefined {
  const matcher = new Matcher(missing, budget);
  for (const [index, statement] of statements.entries()) {
    const reason = matcher.failureOf(statement, args);
    if (reason) return { statement: source[index] ?? null, reason };
  }
  return undefined;
}

class Matcher {
  // Once true, every answer is `false` and none counts.
  #isRefused = false;
  readonly #missing: Missing;
  readonly #budget: Budget;
  readonly #spend: Spend = (work, amount) => this.#budget.spend(work, amount);

  constructor(missing: Missing, budget: Budget) {
    this.#missing = missing;
    this.#budget = budget;
  }

  failureOf(statement: Statement, args: IpldMap): PolicyFailure['reason'] | undefined {
    try {
      const holds = this.#holds(statement, args);
      return this.#isRefused ? 'unresolved' : holds ? undefined : 'false';
    } catch (error) {
      requireRefusal(error);
      return 'too_costly';
    }
  }

  #holds(statement: Statement, value: IpldValue): boolean {
    this.#count(1);
    if (this.#isRefused) return false;
    switch (statement.op) {
      case 'not':
        return !this.#holds(statement.statement, value);
      case 'and':
        return statement.statements.every((each) => this.#holds(each, value));
      case 'or':
        return (
          statement.statements.length === 0 || this.#some(statement.statements, (each) => this.#holds(each, value))
        );
      case 'all':
      case 'any':
        return this.#quantify(statement, value);
      default:
        return this.#compare(statement, this.#select(value, statement.selector));
    }
  }

  #quantify({ op, selector, statement }: Statement & { op: 'all' | 'any' }, value: IpldValue): boolean {
    const selected = this.#select(value, selector);
    if (selected === undefined) return false;
    const items = valuesOf(selected, this.#spend);
    if (items === undefined) return false;
    return op === 'all'
      ? items.every((item) => this.#holds(statement, item))
      : this.#some(items, (item) => this.#holds(statement, item));
  }

  // Unlike Array.some, it ends at a refusal as well.
  #some<Item>(items: readonly Item[], holds: (item: Item) => boolean): boolean {
    for (const item of items) {
      if (holds(item)) return true;
      if (this.#isRefused) return false;
    }
    return false;
  }

  #compare(statement: Extract<Statement, { op: Comparison | 'like' }>, selected: IpldValue | undefined): boolean {
    if (selected === undefined) return false;
    const isEquality = statement.op === '==' || statement.op === '!=';
    this.#count(statement.cost + (isEquality ? weigh(selected) : sizeOf(selected)));
    if (statement.op === 'like') return typeof selected === 'string' && matchesGlob(selected, statement.glob);
    const { op, value } = statement;
    if (op === '==') return equalValues(selected, value);
    if (op === '!=') return !equalValues(selected, value);
    return typeof selected === 'number' && typeof value === 'number' && isOrdered(op, selected, value);
  }

  #select(value: IpldValue, selector: Selector): IpldValue | undefined {
    const selected = select(value, selector, { missing: this.#missing, spend: this.#spend });
    if (selected === undefined && this.#missing === 'refuse') this.#isRefused = true;
    return selected;
  }

  #count(steps: number): void {
    this.#budget.spend('policy_steps', steps);
  }
}

function isOrdered(op: Comparison, left: number, right: number): boolean {
  switch (op) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}
