import type { Budget } from '../../budget.ts';
import { type Delegation, readDelegation } from './delegation.ts';
import { decodeEnvelope } from './envelope.ts';
import { isVerified } from './verified.ts';

/** How much a cache may hold. */
export interface CacheBounds {
  /** Default: 10,000. */
  readonly delegations?: number;
  /** Of memory, roughly. Default: 64 MiB. */
  readonly bytes?: number;
}

const bytesOfValue = 100;

/**
 * Delegations whose signatures were verified, so that a chain seen before costs no signature but the invocation's own.
 * What was used longest ago goes first. Time and revocation are no part of it: they are checked afresh each time.
 *
 * @example
 * const cache = new DelegationCache();
 * const proofs = tokens.map((bytes) => cache.decode(bytes));
 * const { path } = await validateInvocation(invocation, { ...context, resolveProof: proofsFrom(proofs) });
 * cache.keep(path);
 */
export class DelegationCache {
  readonly #most: Required<CacheBounds>;
  readonly #kept = new Map<number, Delegation>();
  #bytes = 0;

  constructor({ delegations = 10_000, bytes = 67_108_864 }: CacheBounds = {}) {
    this.#most = { delegations, bytes };
  }

  /** How many delegations are held. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * Decodes a delegation, or gives the one of these very bytes that was verified before.
   *
   * @throws HanaperError `malformed_token`, `too_large` where the budget ends
   */
  decode(bytes: Uint8Array, budget?: Budget): Delegation {
    return this.find(bytes) ?? readDelegation(decodeEnvelope(bytes, budget));
  }

  /** The delegation of these very bytes that was verified before. */
  find(bytes: Uint8Array): Delegation | undefined {
    const key = keyOf(bytes);
    const kept = this.#kept.get(key);
    if (kept === undefined || !isSame(kept.bytes, bytes)) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  /** Keeps those delegations whose signatures were verified for good. */
  keep(delegations: Iterable<Delegation>): void {
    for (const delegation of delegations) if (isVerified(delegation)) this.#add(delegation);
  }

  #add(delegation: Delegation): void {
    const key = keyOf(delegation.bytes);
    if (this.#kept.has(key) || sizeOf(delegation) > this.#most.bytes) return;
    this.#kept.set(key, delegation);
    this.#bytes += sizeOf(delegation);
    for (const [oldest, each] of this.#kept) {
      if (this.#kept.size <= this.#most.delegations && this.#bytes <= this.#most.bytes) return;
      this.#kept.delete(oldest);
      this.#bytes -= sizeOf(each);
    }
  }
}

// A policy is held as values, each of which can take a hundred times the byte that it was written in.
function sizeOf({ bytes, envelope }: Delegation): number {
  const { start, end } = envelope.fields.get('pol') ?? { start: 0, end: 1 };
  return bytes.length + bytesOfValue * (end - start - 1);
}

// 48 bits of the signature, by which verified tokens differ. They only say where to look: all bytes are compared.
function keyOf(bytes: Uint8Array): number {
  let key = 0;
  for (let i = 8; i < 14; i++) key = key * 256 + (bytes[i] ?? 0);
  return key;
}

// These bytes are no secret: the comparison ends where they differ. Four at a time, since each chain has thousands.
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  const { length } = left;
  if (length !== right.length) return false;
  const [before, after] = [viewOf(left), viewOf(right)];
  let at = 0;
  for (; at + 4 <= length; at += 4) if (before.getUint32(at) !== after.getUint32(at)) return false;
  for (; at < length; at++) if (left[at] !== right[at]) return false;
  return true;
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}
