import { foldSubtrees, hashNode } from './merkle.ts';

/** Hears of a whole subtree of `2 ** level` leaves: its hash, 32 bytes. Those of one level come in their order. */
export type TellSubtree = (level: number, hash: Uint8Array) => void;

/**
 * A tree of which only the size and a few hashes are kept, however large it grows: for readers that go through all
 * leaves in order, and want the root at some sizes on the way.
 *
 * @example
 * const tree = new RunningTree();
 * for (const entry of entries) tree.append(hashLeaf(entry));
 * if (!equalBytes(tree.root(), checkpoint.root)) …
 */
export class RunningTree {
  #size = 0;
  readonly #subtrees: Uint8Array[] = [];
  readonly #tell: TellSubtree | undefined;

  /** `tell` hears of each subtree once it is whole, leaves too. */
  constructor(tell?: TellSubtree) {
    this.#tell = tell;
  }

  /** How many leaves it has. */
  get size(): number {
    return this.#size;
  }

  /** Adds a leaf, by its hash of 32 bytes. */
  append(leafHash: Uint8Array): void {
    let hash = leafHash;
    let level = 0;
    this.#tell?.(level, hash);
    for (let whole = this.#size; whole % 2 === 1; whole = (whole - 1) / 2) {
      hash = hashNode(this.#subtrees.pop() ?? hash, hash);
      this.#tell?.(++level, hash);
    }
    this.#subtrees.push(hash);
    this.#size++;
  }

  /** The root of the tree of the leaves so far: 32 bytes. */
  root(): Uint8Array<ArrayBuffer> {
    return foldSubtrees(this.#subtrees);
  }
}
