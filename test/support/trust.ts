/** An authority with an organisation, a log of its acts, and what it exports: without a database. */
import { publicKeyOf, sign } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { encodeEd25519DidKey } from '../../src/did/did-key.ts';
import { encodeLogEntry } from '../../src/log/entry.ts';
import {
  checkLogKey,
  createTileReader,
  emptyTree,
  growTiles,
  hashLeaf,
  type IdentitySigner,
  type LogKey,
  proveInclusion,
  type SignedLogKey,
  signCheckpoint,
  signLogKey,
  type TreeEdge,
  treeHash,
} from '../../src/log/index.ts';
import { decodeSignature, type PackageSignature, type SignatureDocument } from '../../src/signature/index.ts';
import {
  type BundleClaims,
  decodePackageProof,
  formatProofFile,
  type PackageProof,
  parseProofFile,
  type SnapshotAuthority,
  type StateKey,
  signBundle,
  type TrustState,
} from '../../src/trust/index.ts';
import { computeCid, signReceipt } from '../../src/ucan/index.ts';
import { now, type Signer } from './fixtures.ts';
import { countUp } from './vectors.ts';

/** The signer of bundles and snapshots here. */
export type TestAuthority = IdentitySigner & SnapshotAuthority;

/** An authority whose key is made of a seed. */
export async function createAuthority(seed: Uint8Array = countUp(32, 0x80)): Promise<TestAuthority> {
  const identity = Secret.copyOf(seed);
  const publicKey = await publicKeyOf(identity);
  return { did: encodeEd25519DidKey(publicKey), publicKey, sign: (message) => sign(identity, message) };
}

/** The log of an authority, in memory. */
export class TestLog {
  readonly authority: TestAuthority;
  readonly signedKey: SignedLogKey;
  readonly key: LogKey;
  readonly #secret: Secret;
  readonly #entries: {
    readonly entry: Uint8Array;
    readonly receipt: Uint8Array;
    readonly document: SignatureDocument;
    readonly signature: PackageSignature;
  }[] = [];
  #edge: TreeEdge = emptyTree;

  private constructor(authority: TestAuthority, signedKey: SignedLogKey, key: LogKey, secret: Secret) {
    this.authority = authority;
    this.signedKey = signedKey;
    this.key = key;
    this.#secret = secret;
  }

  static async create(authority: TestAuthority, seed: Uint8Array = countUp(32, 0xa0)): Promise<TestLog> {
    const secret = Secret.copyOf(seed);
    const claims = { epoch: 1, publicKey: await publicKeyOf(secret), createdAt: '2026-01-31T12:00:00.000Z' };
    const signedKey = await signLogKey(authority, claims);
    return new TestLog(authority, signedKey, await checkLogKey(signedKey, authority.did), secret);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Enrols the act that made a signature, and returns its index. */
  async append(document: SignatureDocument, enrolledAt: string = now.toISOString()): Promise<number> {
    const ok = { signature: document, organisation: 'acme', key: 'release' };
    const signer = { ...this.authority, keyType: 'ed25519' } as const;
    const ran = computeCid(Uint8Array.of(this.size));
    const { bytes, cid } = await signReceipt(signer, { ran, out: { ok }, issuedAt: 1769860800 });
    const effects = { effectCount: 0, effectsRoot: treeHash([]) };
    const entry = encodeLogEntry({ version: 2, invocation: ran, receipt: cid, enrolledAt, ...effects });
    this.#edge = growTiles(this.#edge, [hashLeaf(entry)]).edge;
    this.#entries.push({ entry, receipt: bytes, document, signature: decodeSignature(document) });
    return this.size - 1;
  }

  /** The text of a checkpoint; of the whole log, unless another size is said. */
  async checkpoint(size: number = this.size): Promise<string> {
    const root = treeHash(this.#entries.slice(0, size).map(({ entry }) => entry));
    return Buffer.from(await signCheckpoint({ origin: this.key.origin, size, root }, this.#secret)).toString();
  }

  /** The proof of an entry, by the checkpoint of the log at a size; at most 256 entries. */
  async proof(index: number, size: number = this.size): Promise<PackageProof> {
    const enrolled = this.#entries[index];
    if (enrolled === undefined) throw new Error(`no entry ${index}`);
    const edge = growTiles(
      emptyTree,
      this.#entries.slice(0, size).map(({ entry }) => hashLeaf(entry)),
    ).edge;
    const reader = createTileReader(async () => edge.partialTiles[0]?.hashes ?? new Uint8Array(0), size);
    const inclusion = await proveInclusion(reader, index, size);
    const checkpoint = await this.checkpoint(size);
    return { ...enrolled, index, inclusion, checkpoint, logKey: this.signedKey };
  }

  /** The text of the same, in a file of its own. */
  async prove(index: number, size?: number): Promise<string> {
    return formatProofFile([await this.proof(index, size)]);
  }
}

/** A key in the trust of an organisation, not revoked unless it is said. */
export function stateKey({ trusted }: Signer, changes: Partial<StateKey> = {}): StateKey {
  return { ...trusted, trustedAt: '2026-02-01T12:00:00.000Z', ...changes };
}

/** The trust of an organisation in some keys. */
export function stateOf(keys: readonly StateKey[], changes: Partial<TrustState> = {}): TrustState {
  const organisation = { did: encodeEd25519DidKey(keys[0]?.publicKey ?? stranger), name: 'acme' };
  return { organisation, version: 1, keys, policy: null, ...changes };
}

/** The bytes of a bundle, good for thirty days from {@link now} on. */
export async function exportBundle(log: TestLog, state: TrustState, changes: Partial<BundleClaims> = {}) {
  const claims = {
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + 30 * 86_400_000).toISOString(),
    state,
    log: log.signedKey,
    checkpoint: await log.checkpoint(),
  };
  return signBundle(log.authority, { ...claims, ...changes });
}

/** The only proof in a file. */
export function readProof(file: Uint8Array): PackageProof {
  const [proof, ...others] = parseProofFile(file).map(decodePackageProof);
  if (proof === undefined || others.length > 0) throw new Error('this is not one proof');
  return proof;
}

const stranger = await publicKeyOf(Secret.copyOf(countUp(32, 0xe0)));
