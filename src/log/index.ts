/**
 * The tamper-evident log: its Merkle tree, tiles, proofs and checkpoints, in the formats of C2SP.
 *
 * @example
 * import { checkLogKey, hashLeaf, openCheckpoint, verifyInclusion } from 'hanaper/log';
 *
 * const { origin: name, publicKey } = await checkLogKey(signedLogKey, did);
 * const { size, root } = await openCheckpoint(note, { name, publicKey });
 * verifyInclusion({ index, size, root, proof, leafHash: hashLeaf(entry) });
 */
export { checkSeen } from './check-seen.ts';
export { type Checkpoint, formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts';
export { type ConsistencyClaim, proveConsistency, verifyConsistency } from './consistency.ts';
export { decodeLogEntry, encodeLogEntry, type LogEntry } from './entry.ts';
export { decodeEntryBundle, encodeEntryBundle, maxEntryLength } from './entry-bundle.ts';
export { emptyTree, type GrownTree, growTiles, rootOfEdge, type TreeEdge } from './grow-tiles.ts';
export { computeRoot, type HashReader } from './hash-reader.ts';
export { type InclusionClaim, proveInclusion, verifyInclusion } from './inclusion.ts';
export {
  checkLogKey,
  encodeLogKeyStatement,
  type IdentitySigner,
  type LogKey,
  type LogKeyClaims,
  type SignedLogKey,
  signLogKey,
} from './log-key.ts';
export { emptyRoot, hashLeaf, hashLength, hashNode, treeHash } from './merkle.ts';
export {
  maxNoteLength,
  maxNoteSignatures,
  type Note,
  type NoteSignature,
  parseNote,
  signNote,
  verifyNote,
} from './note.ts';
export { formatOrigin, type LogName, parseOrigin } from './origin.ts';
export type { NodeCoordinates } from './ranges.ts';
export { RunningTree } from './running-tree.ts';
export {
  formatTilePath,
  listPartialTiles,
  parseTilePath,
  type Tile,
  type TileCoordinates,
  type TilePath,
  tileWidth,
  widthOfTile,
} from './tile.ts';
export { createTileReader, type ReadTile } from './tile-reader.ts';
export { formatVerifierKey, isKeyName, noteKeyId, parseVerifierKey, type VerifierKey } from './verifier-key.ts';
