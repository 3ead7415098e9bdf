/** A checkpoint that was seen, and where. */
export interface SeenCheckpoint {
  /** DID. */
  readonly authority: string;
  /** A database by its name, the address of a server, or `export` for files. */
  readonly source: string;
  /** How many entries. */
  readonly size: number;
  /** The signed note. */
  readonly checkpoint: string;
}

/** Remembers outside of each database what its log was, so that an old copy in its place is noticed. */
export interface KnownLogs {
  /** What was seen of the log of an authority, wherever it was seen. */
  list(authority: string): readonly SeenCheckpoint[];
  /** Remembers what was seen last; it replaces what was seen of fewer entries at the same source. */
  remember(latest: SeenCheckpoint): void;
}
