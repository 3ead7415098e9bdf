import type { Budget } from '../../budget.ts';
import type { HanaperError } from '../../errors.ts';
import type { IpldMap } from '../encoding/ipld.ts';
import type { Delegation } from '../token/delegation.ts';
import { checkPolicy } from './rules.ts';

/** How the policies of delegations go for the same arguments: each is gone through once, however many ways lead by it. */
export class PolicyVerdicts {
  readonly #args: IpldMap;
  readonly #budget: Budget;
  readonly #failures = new Map<Delegation, HanaperError | undefined>();

  /** Policies draw `policy_steps` and `key_bytes`. */
  constructor(args: IpldMap, budget: Budget) {
    this.#args = args;
    this.#budget = budget;
  }

  /** Whether the budget sufficed for every policy so far. */
  get isWhole(): boolean {
    return this.#budget.left('policy_steps') > 0 && this.#budget.left('key_bytes') > 0;
  }

  /** Why the arguments break the policy of a delegation; `undefined` where they keep it. */
  failureOf(delegation: Delegation): HanaperError | undefined {
    if (this.#failures.has(delegation)) return this.#failures.get(delegation);
    const failure = checkPolicy(delegation, this.#args, { missing: 'refuse', budget: this.#budget });
    this.#failures.set(delegation, failure);
    return failure;
  }
}
