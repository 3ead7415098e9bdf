import type { ErrorDetails } from '../../errors.ts';
import type { IpldValue } from '../encoding/ipld.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import { type Glob, parseGlob } from './glob.ts';
import { parseSelector, type Selector, weigh } from './selector.ts';

/** The operators that compare a selected value with one that is written beside it. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** One statement of a policy, its selectors and patterns read; `cost` is the size of what it compares with. */
export type Statement =
  | { readonly op: Comparison; readonly selector: Selector; readonly value: IpldValue; readonly cost: number }
  | { readonly op: 'like'; readonly selector: Selector; readonly glob: Glob; readonly cost: number }
  | { readonly op: 'not'; readonly statement: Statement }
  | { readonly op: 'and' | 'or'; readonly statements: readonly Statement[] }
  | { readonly op: 'all' | 'any'; readonly selector: Selector; readonly statement: Statement };

/** A policy: every statement must hold for the arguments. `source` is how it stands in the token. */
export interface Policy {
  readonly source: readonly IpldValue[];
  readonly statements: readonly Statement[];
}

const orderings: readonly string[] = ['<', '<=', '>', '>='];

/**
 * Reads a policy (UCAN delegation 1.0, "Policy"): unknown operators, wrong arity and malformed selectors are errors, as
 * are more than 256 statements, or more than 16 levels of them.
 *
 * @throws HanaperError `malformed_token` with the place in the policy
 */
export function parsePolicy(source: IpldValue): Policy {
  const reader = new PolicyReader();
  return { source: asList(source, 'pol'), statements: reader.readStatements(source, 'pol', 0) };
}

class PolicyReader {
  #count = 0;

  readStatements(source: IpldValue, place: string, depth: number): readonly Statement[] {
    return asList(source, place).map((statement, i) => this.#readStatement(statement, `${place}[${i}]`, depth));
  }

  #readStatement(source: IpldValue, place: string, depth: number): Statement {
    this.#count++;
    if (this.#count > limits.policyStatements) {
      throw malformedPolicy(`has a policy of more than ${limits.policyStatements} statements`, place);
    }
    if (depth >= limits.policyDepth) {
      throw malformedPolicy(`has a policy of more than ${limits.policyDepth} levels`, place);
    }
    const [op, ...operands] = asList(source, place);
    const [first = null, second = null] = operands;
    requireArity(op, operands.length, place);
    switch (op) {
      case 'not':
        return { op, statement: this.#readStatement(first, `${place}[1]`, depth + 1) };
      case 'and':
      case 'or':
        return { op, statements: this.readStatements(first, `${place}[1]`, depth + 1) };
      case 'all':
      case 'any': {
        const statement = this.#readStatement(second, `${place}[2]`, depth + 1);
        return { op, selector: readSelector(first, place), statement };
      }
      case 'like': {
        const pattern = readPattern(second, place);
        return { op, selector: readSelector(first, place), glob: parseGlob(pattern), cost: pattern.length };
      }
      default: {
        const value = readOperand(op, second, place);
        return { op: op as Comparison, selector: readSelector(first, place), value, cost: weigh(value) };
      }
    }
  }
}

const arities: Readonly<Record<string, number>> = {
  not: 1,
  and: 1,
  or: 1,
  all: 2,
  any: 2,
  like: 2,
  '==': 2,
  '!=': 2,
  '<': 2,
  '<=': 2,
  '>': 2,
  '>=': 2,
};

function requireArity(op: IpldValue | undefined, operands: number, place: string): void {
  if (typeof op !== 'string' || !Object.hasOwn(arities, op)) {
    throw malformedPolicy(`has a policy with an operator that is not one of ${Object.keys(arities).join(' ')}`, place, {
      expected: Object.keys(arities),
    });
  }
  if (arities[op] === operands) return;
  throw malformedPolicy(`has a policy in which "${op}" has ${operands} operands instead of ${arities[op]}`, place);
}

function readSelector(source: IpldValue, place: string): Selector {
  const selector = typeof source === 'string' ? parseSelector(source) : undefined;
  if (selector) return selector;
  throw malformedPolicy('has a policy with an invalid selector; one looks like .name or .list[0]', place);
}

function readPattern(source: IpldValue, place: string): string {
  if (typeof source === 'string') return source;
  throw malformedPolicy('has a policy in which the pattern of "like" is no text', place);
}

function readOperand(op: IpldValue | undefined, source: IpldValue, place: string): IpldValue {
  if (!orderings.includes(op as string) || typeof source === 'number') return source;
  throw malformedPolicy(`has a policy in which "${op}" compares with what is no number`, place);
}

function asList(source: IpldValue | undefined, place: string): readonly IpldValue[] {
  if (Array.isArray(source)) return source;
  throw malformedPolicy('has a policy in which a list is missing', place);
}

function malformedPolicy(reason: string, field: string, details: ErrorDetails = {}): Error {
  return malformedToken(`${reason}, at ${field}`, { field, ...details });
}
