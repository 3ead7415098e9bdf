import { decode, encode, Token, Type } from 'cborg';
import { CID } from 'multiformats/cid';
import { concatBytes, equalBytes } from '../bytes.ts';
import { hashLength } from './merkle.ts';
import { logTampered } from './tampered.ts';
import { isTime } from './time.ts';

/** What was done, for whom, and with which result. It names nobody and nothing but tokens. */
export interface LogEntry {
  /** 1: an older one, whose root does not tell which rows were written, and whose receipt has no place. */
  readonly version: 1 | 2;
  readonly invocation: CID;
  readonly receipt: CID;
  /** RFC 3339, UTC, milliseconds; never earlier than that of the entry before. */
  readonly enrolledAt: string;
  /** How many rows it has written or removed. */
  readonly effectCount: number;
  /** The Merkle tree hash (RFC 6962) of their digests, each bound to its row: 32 bytes. */
  readonly effectsRoot: Uint8Array;
}

const contexts = { 1: 'hanaper/v1/log-entry', 2: 'hanaper/v2/log-entry' };
const linkTag = 42;
const maxLength = 256;
const dagCborCode = 0x71;
const sha256Code = 0x12;

/** An entry as it is hashed: DAG-CBOR `["hanaper/v2/log-entry", invocation, receipt, enrolled_at, count, root]`. */
export function encodeLogEntry(entry: LogEntry): Uint8Array<ArrayBuffer> {
  const { version, invocation, receipt, enrolledAt, effectCount, effectsRoot } = entry;
  const fields = [contexts[version], new Link(invocation), new Link(receipt), enrolledAt, effectCount, effectsRoot];
  return new Uint8Array(encode(fields, { typeEncoders: { Object: encodeLink } }));
}

/**
 * Reads what {@link encodeLogEntry} writes, and no other encoding of it.
 *
 * @throws HanaperError `log_tampered`
 */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  const entry = bytes.length <= maxLength ? readEntry(readList(bytes)) : undefined;
  if (entry && equalBytes(encodeLogEntry(entry), bytes)) return entry;
  throw logTampered('entry', 'is invalid, or in another form than that which is hashed');
}

function readEntry(fields: readonly unknown[]): LogEntry | undefined {
  const [context, invocation, receipt, enrolledAt, effectCount, effectsRoot] = fields;
  const version = context === contexts[1] ? 1 : 2;
  const named = invocation instanceof CID && receipt instanceof CID && isTime(enrolledAt);
  if (!named || !Number.isSafeInteger(effectCount) || Number(effectCount) < 0) return undefined;
  if (!(effectsRoot instanceof Uint8Array) || effectsRoot.length !== hashLength) return undefined;
  return { version, invocation, receipt, enrolledAt, effectCount: Number(effectCount), effectsRoot };
}

function readList(bytes: Uint8Array): readonly unknown[] {
  try {
    const list: unknown = decode(bytes, { tags: { [linkTag]: (inner) => readLink(inner()) } });
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

// Each is a token's CID (version 1, dag-cbor, sha2-256), of which there is one spelling.
function readLink(inner: unknown): unknown {
  if (!(inner instanceof Uint8Array)) return undefined;
  const cid = CID.decode(inner.subarray(1));
  const { version, code, multihash } = cid;
  return version === 1 && code === dagCborCode && multihash.code === sha256Code ? cid : undefined;
}

class Link {
  readonly bytes: Uint8Array;

  constructor({ bytes }: CID) {
    this.bytes = concatBytes(Uint8Array.of(0), bytes);
  }
}

function encodeLink(value: unknown): Token[] | null {
  return value instanceof Link ? [new Token(Type.tag, linkTag), new Token(Type.bytes, value.bytes)] : null;
}
