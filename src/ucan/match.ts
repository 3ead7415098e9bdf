import type { IpldMap, IpldValue } from './ipld.ts';
import { matchesGlob } from './like.ts';
import { limits } from './limits.ts';
import type { Comparison, Policy, Statement } from './policy.ts';
import { costOfValues, equalValues, type Selector, select, sizeOf, valuesOf, weigh } from './selector.ts';

/** Why arguments break a policy. */
export interface PolicyFailure {
  /** The statement that failed, as it stands in the token. */
  readonly statement: IpldValue;
  /** `unresolved`: a selector finds nothing, and is not optional. `too_costly`: more steps than a policy may take. */
  readonly reason: 'false' | 'unresolved' | 'too_costly';
}

/** The steps that are left; the policies of one chain share them. */
export interface PolicyBudget {
  steps: number;
}

/**
 * Holds arguments against a policy; `undefined` where every statement holds.
 * It fails closed: a selector that finds nothing, and is not optional, refuses the whole policy, even under `not` or `!=`,
 * so that nobody slips past a rule by leaving a field out.
 */
export function findPolicyFailure(
  { source, statements }: Policy,
  args: IpldMap,
  budget: PolicyBudget = { steps: limits.policySteps },
): PolicyFailure | undefined {
  const matcher = new Matcher(budget);
  for (const [index, statement] of statements.entries()) {
    const holds = matcher.holds(statement, args);
    if (matcher.failure || !holds) return { statement: source[index] ?? null, reason: matcher.failure ?? 'false' };
  }
  return undefined;
}

class Matcher {
  /** Once set, every answer is `false` and none counts. */
  failure: 'unresolved' | 'too_costly' | undefined;
  readonly #budget: PolicyBudget;

  constructor(budget: PolicyBudget) {
    this.#budget = budget;
  }

  holds(statement: Statement, value: IpldValue): boolean {
    this.#count(1);
    if (this.failure) return false;
    switch (statement.op) {
      case 'not':
        return !this.holds(statement.statement, value);
      case 'and':
        return statement.statements.every((each) => this.holds(each, value));
      case 'or':
        return statement.statements.length === 0 || this.#some(statement.statements, (each) => this.holds(each, value));
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
    this.#count(costOfValues(selected));
    const items = this.failure ? undefined : valuesOf(selected);
    if (items === undefined) return false;
    return op === 'all'
      ? items.every((item) => this.holds(statement, item))
      : this.#some(items, (item) => this.holds(statement, item));
  }

  // Unlike Array.some, it ends at a failure as well.
  #some<Item>(items: readonly Item[], holds: (item: Item) => boolean): boolean {
    for (const item of items) {
      if (holds(item)) return true;
      if (this.failure) return false;
    }
    return false;
  }

  #compare(statement: Extract<Statement, { op: Comparison | 'like' }>, selected: IpldValue | undefined): boolean {
    if (selected === undefined) return false;
    const isEquality = statement.op === '==' || statement.op === '!=';
    this.#count(statement.cost + (isEquality ? weigh(selected) : sizeOf(selected)));
    if (this.failure) return false;
    if (statement.op === 'like') return typeof selected === 'string' && matchesGlob(selected, statement.glob);
    const { op, value } = statement;
    if (op === '==') return equalValues(selected, value);
    if (op === '!=') return !equalValues(selected, value);
    return typeof selected === 'number' && typeof value === 'number' && isOrdered(op, selected, value);
  }

  #select(value: IpldValue, selector: Selector): IpldValue | undefined {
    const selected = select(value, selector, (steps) => this.#count(steps));
    if (selected === undefined) this.failure ??= 'unresolved';
    return selected;
  }

  #count(steps: number): void {
    this.#budget.steps -= steps;
    if (this.#budget.steps < 0) this.failure ??= 'too_costly';
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
