import { requireRefusal } from '../../attempt.ts';
import { encodeBase64, equalBytes } from '../../bytes.ts';
import { type Checkpoint, openCheckpoint } from '../../log/checkpoint.ts';
import { hashLeaf, hashLength } from '../../log/merkle.ts';
import { parseNote } from '../../log/note.ts';
import { RunningTree } from '../../log/running-tree.ts';
import { type Tile, tileLength, tileWidth } from '../../log/tile.ts';
import type { VerifierKey } from '../../log/verifier-key.ts';
import { describeFault, type Findings } from './findings.ts';

/** A checkpoint whose signature and root hold. */
export interface GoodCheckpoint {
  readonly size: number;
  /** The signed note. */
  readonly note: Uint8Array;
}

/** What was seen before of a log. */
export interface SeenBefore<Seen> {
  /** Where it is now: it must continue this. */
  readonly here: readonly Seen[];
  /** Elsewhere: as far as both go, they must be the same. */
  readonly elsewhere: readonly Seen[];
}

const tileHeight = 8;

/** What a tree is checked against. */
export interface TreeCircumstances {
  /** The log's key, by the statement of its authority; without it no checkpoint holds. */
  readonly key: VerifierKey | undefined;
  readonly seen: SeenBefore<Checkpoint>;
  readonly findings: Findings;
  /** Hears of each tile that is full. */
  tellTile?(tile: Tile): void;
}

/** Recomputes the tree of a log, entry by entry, and checks checkpoints against it. */
export class TreeChecker {
  readonly #tree: RunningTree;
  readonly #rows: { readonly hashes: Uint8Array; filled: number; index: number }[] = [];
  readonly #circumstances: TreeCircumstances;
  readonly #seen: readonly Checkpoint[];
  #last: GoodCheckpoint | undefined;
  #isForked = false;
  #hasCheckpoint = false;
  #sizeBefore = 0;

  constructor(circumstances: TreeCircumstances) {
    this.#circumstances = circumstances;
    const { here, elsewhere } = circumstances.seen;
    this.#seen = distinct([...here, ...elsewhere]);
    this.#tree = new RunningTree((level, hash) => {
      if (level % tileHeight === 0) this.#place(level / tileHeight, hash);
    });
    this.#checkSeen();
  }

  /** How many entries there are so far. */
  get size(): number {
    return this.#tree.size;
  }

  /** The checkpoint of the most entries that holds. */
  get last(): GoodCheckpoint | undefined {
    return this.#last;
  }

  /** The root so far: 32 bytes. */
  root(): Uint8Array<ArrayBuffer> {
    return this.#tree.root();
  }

  /** Goes on with the next entry. */
  append(entry: Uint8Array): void {
    this.#tree.append(hashLeaf(entry));
    this.#checkSeen();
  }

  /** The tiles that are not full yet. */
  partialTiles(): readonly Tile[] {
    return this.#rows.flatMap(({ hashes, filled, index }, level) =>
      filled > 0 ? [{ level, index, hashes: hashes.slice(0, tileLength(filled)) }] : [],
    );
  }

  /** Checks a checkpoint against the tree as it is now; `size` is what stands beside the note. */
  async check({ size, note }: GoodCheckpoint): Promise<void> {
    this.#hasCheckpoint = true;
    const before = this.#sizeBefore;
    this.#sizeBefore = size;
    const checkpoint = await this.#open(note, size);
    if (checkpoint === undefined) return;
    if (checkpoint.before !== undefined && checkpoint.before !== before) {
      this.#refuse(size, `comes behind one of ${checkpoint.before} entries, and that is not there`);
    }
    if (checkpoint.size !== size) {
      this.#refuse(size, `is one of ${checkpoint.size} entries`);
    } else if (size > this.size) {
      this.#add('tree', 'log_entries', size, `A checkpoint of ${size} entries is signed, and there are ${this.size}.`);
    } else if (equalBytes(checkpoint.root, this.root())) {
      this.#last = { size, note: new Uint8Array(note) };
    } else if (!this.#isForked) {
      // Every root behind it differs as well.
      this.#isForked = true;
      const since = this.#last?.size ?? 0;
      const message = `The entries ${since} to ${size - 1} are not those of which the checkpoint of ${size} entries was signed.`;
      this.#add('tree', 'log_entries', size, message);
    }
  }

  /** Says what the end of the log tells: whether anything was signed of it, and whether it is shorter than it was seen. */
  end(): void {
    const { seen, findings } = this.#circumstances;
    if (this.size > 0 && !this.#hasCheckpoint) {
      const message = `There is no checkpoint over the ${this.size} entries. A log has one from its first moment on.`;
      findings.add({ kind: 'checkpoint', table: 'checkpoints', message });
    }
    const longest = Math.max(0, ...seen.here.map(({ size }) => size));
    if (longest <= this.size) return;
    const message = `The log had ${longest} entries when it was seen before, and has ${this.size} now.`;
    findings.add({ kind: 'rolled_back', table: 'log_entries', index: this.size, message });
  }

  #place(level: number, hash: Uint8Array): void {
    this.#rows[level] ??= { hashes: new Uint8Array(tileLength(tileWidth)), filled: 0, index: 0 };
    const row = this.#rows[level];
    row.hashes.set(hash, row.filled * hashLength);
    row.filled++;
    if (row.filled < tileWidth) return;
    this.#circumstances.tellTile?.({ level, index: row.index, hashes: row.hashes.slice() });
    row.filled = 0;
    row.index++;
  }

  #checkSeen(): void {
    const { findings } = this.#circumstances;
    for (const { size, root } of this.#seen) {
      if (size !== this.#tree.size || equalBytes(root, this.root())) continue;
      const message = `The first ${size} entries are not those that were seen before (root ${encodeBase64(root)}).`;
      findings.add({ kind: 'rolled_back', table: 'log_entries', index: size, message });
    }
  }

  async #open(note: Uint8Array, size: number): Promise<Checkpoint | undefined> {
    const { key } = this.#circumstances;
    try {
      if (key) return await this.#openAlone(note, size, key);
      this.#refuse(size, 'is signed by a key of which the authority says nothing');
    } catch (error) {
      const refusal = requireRefusal(error);
      this.#refuse(size, describeFault(refusal));
    }
    return undefined;
  }

  // Any other signature below a note is unverified, and could be changed unnoticed.
  async #openAlone(note: Uint8Array, size: number, key: VerifierKey): Promise<Checkpoint> {
    const checkpoint = await openCheckpoint(note, key);
    if (parseNote(note).signatures.length > 1) this.#refuse(size, 'has more signatures than the one of the log');
    return checkpoint;
  }

  #refuse(size: number, reason: string): void {
    this.#add('checkpoint', 'checkpoints', size, `The checkpoint of ${size} entries ${reason}.`);
  }

  #add(kind: 'tree' | 'checkpoint', table: string, size: number, message: string): void {
    this.#circumstances.findings.add({ kind, table, key: String(size), message });
  }
}

/** Checkpoints that were seen before, by their notes: the log's key must have signed them. */
export async function openSeen(
  { here, elsewhere }: SeenBefore<Uint8Array>,
  key: VerifierKey | undefined,
  findings: Findings,
): Promise<SeenBefore<Checkpoint>> {
  const seen = { here: await openNotes(here, key), elsewhere: await openNotes(elsewhere, key) };
  if (seen.here.length + seen.elsewhere.length < here.length + elsewhere.length) {
    const message = 'The checkpoint that was seen before is not signed by the key that the log has now.';
    findings.add({ kind: 'rolled_back', table: 'log_keys', message });
  }
  return seen;
}

async function openNotes(notes: readonly Uint8Array[], key: VerifierKey | undefined): Promise<readonly Checkpoint[]> {
  const opened: Checkpoint[] = [];
  for (const note of notes) {
    try {
      if (key) opened.push(await openCheckpoint(note, key));
    } catch (error) {
      requireRefusal(error);
    }
  }
  return opened;
}

// The same one can have been seen in several places, and is reported once.
function distinct(checkpoints: readonly Checkpoint[]): readonly Checkpoint[] {
  return [...new Map(checkpoints.map((each) => [`${each.size} ${encodeBase64(each.root)}`, each])).values()];
}
