/** Where the log ends; its one row is what every writer waits for. */
export interface LogHeadRow {
  /** How many entries there are. */
  readonly size: number;
  /** How often what is kept was changed: what caches are checked against. */
  readonly generation: number;
  /** When the last entry was made; null before the first. */
  readonly enrolledAt: string | null;
}

export interface LogHeadTable extends LogHeadRow {
  readonly id: 1;
}

/** An entry of the log, as it is hashed. */
export interface LogEntryRow {
  /** From 0. */
  readonly entryIndex: number;
  readonly entry: Uint8Array;
}

/** One row that an entry changed: what its digest was made of, beside the row itself. */
export interface LogEffectRow {
  readonly entryIndex: number;
  readonly position: number;
  readonly tableName: string;
  readonly rowKey: string;
  /** 16 bytes; null once it was erased. */
  readonly salt: Uint8Array | null;
  /** 32 bytes. */
  readonly digest: Uint8Array;
}

/** The key that signs the checkpoints of an epoch, bound to the authority. */
export interface LogKeyRow {
  /** From 1. */
  readonly epoch: number;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** What the authority's identity key has signed. */
  readonly statement: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  readonly createdAt: string;
}

/** Hashes of complete subtrees, side by side: 32 bytes each, 256 where the tile is full. */
export interface LogTileRow {
  readonly level: number;
  readonly tileIndex: number;
  readonly hashes: Uint8Array;
}

/** A signed head of the tree. */
export interface CheckpointRow {
  readonly size: number;
  /** A signed note. */
  readonly note: Uint8Array;
  readonly createdAt: string;
}
