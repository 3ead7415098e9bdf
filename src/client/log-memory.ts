/** A checkpoint that was seen of a log, and where. */
export interface SeenLog {
  /** DID. */
  readonly authority: string;
  /** The address of a server, or any other place. */
  readonly source: string;
  /** How many entries. */
  readonly size: number;
  /** The signed note. */
  readonly checkpoint: string;
}

/** Remembers what logs were, so that a server that was put back to an old copy is noticed. */
export interface LogMemory {
  /** What was seen of the log of an authority, wherever it was seen. */
  list(authority: string): readonly SeenLog[];
  /** Remembers what was seen last; it replaces what was seen of fewer entries at the same source. */
  remember(latest: SeenLog): void;
}

/** The longest of what was seen; where a source is given, of what was seen there. */
export function findLongest(seen: readonly SeenLog[], source?: string): SeenLog | undefined {
  const there = seen.filter((each) => source === undefined || each.source === source);
  return there.reduce<SeenLog | undefined>(
    (longest, each) => (longest && longest.size >= each.size ? longest : each),
    undefined,
  );
}
