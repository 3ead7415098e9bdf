import { equalBytes } from '../../bytes.ts';
import type { LogEntry } from '../../log/entry.ts';
import { hashLeaf } from '../../log/merkle.ts';
import { RunningTree } from '../../log/running-tree.ts';
import type { Findings } from './findings.ts';

/** Holds the effects of one entry, in their order, against the number and the root that it has of them. */
export class EffectsAudit {
  readonly #tree = new RunningTree();

  /** Goes on with the digest of the next effect. */
  append(digest: Uint8Array): void {
    this.#tree.append(hashLeaf(digest));
  }

  /** How many effects there were. */
  get count(): number {
    return this.#tree.size;
  }

  /** Holds what came against the entry. */
  check(index: number, { effectCount, effectsRoot }: LogEntry, findings: Findings): void {
    const isSame = this.#tree.size === effectCount && equalBytes(this.#tree.root(), effectsRoot);
    if (isSame) return;
    const message =
      this.#tree.size === effectCount
        ? `The effects of the entry ${index} are not those that it has the root of.`
        : `The entry ${index} has ${effectCount} effects, and ${this.#tree.size} are listed.`;
    findings.add({ kind: 'effect', table: 'log_effects', index, message });
  }
}
