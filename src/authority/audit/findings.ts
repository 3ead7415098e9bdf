import { type ErrorCode, HanaperError } from '../../errors.ts';

/** What does not hold. */
export type FindingKind =
  | 'log_key'
  | 'tree'
  | 'checkpoint'
  | 'tile'
  | 'rolled_back'
  | 'entry'
  | 'token'
  | 'chain'
  | 'effect'
  | 'row'
  | 'head'
  | 'damage'
  | 'export';

/** One thing that an audit has found: what, in which table, and where there. */
export interface Finding {
  readonly kind: FindingKind;
  /** The table's name in SQL. */
  readonly table: string;
  /** What names the row, as in the table of effects. */
  readonly key?: string;
  /** The entry that it is about. */
  readonly index?: number;
  readonly message: string;
}

/** An act whose chain cannot be checked any more. */
export interface Unverifiable {
  /** The entry. */
  readonly index: number;
  /** The invocation. */
  readonly invocation: string;
  /** The delegation that is missing. */
  readonly proof: string;
}

// Who rewrites a log has a finding for each entry; these are enough to see it.
const maxListed = 1000;

/** Collects what an audit finds, and counts what is too much to list. */
export class Findings {
  readonly #findings: Finding[] = [];
  readonly #unverifiable: Unverifiable[] = [];
  readonly #erased = new Map<string, number>();
  #found = 0;
  #unverifiableCount = 0;
  #isRolledBack = false;

  /** Notes something that does not hold. */
  add(finding: Finding): void {
    this.#found++;
    if (finding.kind === 'rolled_back') this.#isRolledBack = true;
    if (this.#findings.length < maxListed) this.#findings.push(finding);
  }

  /** Notes an act of which a proof is gone: no fault, but nothing is known. */
  addUnverifiable(act: Unverifiable): void {
    this.#unverifiableCount++;
    if (this.#unverifiable.length < maxListed) this.#unverifiable.push(act);
  }

  /** Notes a row that was forgotten, with its salt. */
  addErased(table: string): void {
    this.#erased.set(table, (this.#erased.get(table) ?? 0) + 1);
  }

  /** How many things do not hold. */
  get count(): number {
    return this.#found;
  }

  /** The first thousand of them. */
  get list(): readonly Finding[] {
    return this.#findings;
  }

  /** The first thousand acts that cannot be checked any more. */
  get unverifiable(): readonly Unverifiable[] {
    return this.#unverifiable;
  }

  /** How many acts cannot be checked any more. */
  get unverifiableCount(): number {
    return this.#unverifiableCount;
  }

  /** How many rows of each table were forgotten, with their salts. */
  get erased(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#erased);
  }

  /** The error that reports all findings; `what` is what was audited. `undefined` where nothing was found. */
  toError(what: string): HanaperError | undefined {
    if (this.#found === 0) return undefined;
    const code: ErrorCode = this.#isRolledBack ? 'log_rolled_back' : 'log_tampered';
    const number = this.#found === 1 ? 'One thing does' : `${this.#found} things do`;
    return new HanaperError(
      code,
      `${number} not hold in the log of ${what}, or in what it is about. Keep a copy as it is, and find out who wrote there.`,
      { findings: this.#findings, omitted: this.#found - this.#findings.length },
    );
  }
}

/** What an error says, as the end of a sentence that somebody else closes. */
export function describeFault({ message }: HanaperError): string {
  return `does not hold: ${message.replace(/\.$/, '')}`;
}
