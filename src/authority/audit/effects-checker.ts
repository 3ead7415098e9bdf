import { equalBytes } from '../../bytes.ts';
import { bindEffect } from '../../log/effect.ts';
import type { LogEntry } from '../../log/entry.ts';
import { hashLeaf } from '../../log/merkle.ts';
import { RunningTree } from '../../log/running-tree.ts';
import type { Findings } from './findings.ts';

/** An effect as it is listed: its digest, and of which row it is said to be. */
export interface ListedEffect {
  readonly digest: Uint8Array;
  readonly table: string;
  readonly key: string;
}

/** Checks the effects of one entry, in their order, against the number and the root that it has of them. */
export class EffectsChecker {
  readonly #entry: LogEntry;
  readonly #tree = new RunningTree();

  constructor(entry: LogEntry) {
    this.#entry = entry;
  }

  /** Goes on with the next effect. */
  append(effect: ListedEffect): void {
    this.#tree.append(hashLeaf(this.areBound ? bindEffect(effect.digest, effect) : effect.digest));
  }

  /** Whether the entry names their rows. */
  get areBound(): boolean {
    return this.#entry.version > 1;
  }

  /** How many effects there were. */
  get count(): number {
    return this.#tree.size;
  }

  /** Checks what came against the entry. */
  check(index: number, findings: Findings): void {
    const { effectCount, effectsRoot } = this.#entry;
    const isSame = this.#tree.size === effectCount && equalBytes(this.#tree.root(), effectsRoot);
    if (isSame) return;
    const message =
      this.#tree.size === effectCount
        ? `The effects of the entry ${index} are not those that it has the root of, or are said to be of other rows.`
        : `The entry ${index} has ${effectCount} effects, and ${this.#tree.size} are listed.`;
    findings.add({ kind: 'effect', table: 'log_effects', index, message });
  }
}
