import { decode, encode, Token, Type } from 'cborg';
import { CID } from 'multiformats/cid';
import { concatBytes, equalBytes } from '../bytes.ts';
import { hashLength } from './merkle.ts';
import { logTampered } from './tampered.ts';

/** What was done, by whose word, and what came of it. It names nobody and nothing but tokens. */
export interface LogEntry {
  readonly invocation: CID;
  readonly receipt: CID;
  /** RFC 3339, UTC, milliseconds; never earlier than that of the entry before. */
  readonly enrolledAt: string;
  /** How many rows it has written or removed. */
  readonly effectCount: number;
  /** The Merkle tree hash (RFC 6962) of their salted digests: 32 bytes. */
  readonly effectsRoot: Uint8Array;
}

const context = 'hanaper/v1/log-entry';
const linkTag = 42;
const maxEntryLength = 512;
const decodeOptions = { tags: { [linkTag]: (content: () => unknown) => decodeLink(content()) } };

/** An entry as it is hashed: DAG-CBOR `["hanaper/v1/log-entry", invocation, receipt, enrolled_at, count, root]`. */
export function encodeLogEntry(entry: LogEntry): Uint8Array<ArrayBuffer> {
  const { invocation, receipt, enrolledAt, effectCount, effectsRoot } = entry;
  const fields = [context, new Link(invocation), new Link(receipt), enrolledAt, effectCount, effectsRoot];
  return new Uint8Array(encode(fields, { typeEncoders: { Object: encodeLink } }));
}

/**
 * Reads an entry that was hashed, in its one form: what {@link encodeLogEntry} would not make again is refused.
 *
 * @throws HanaperError `log_tampered`
 */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  const entry = bytes.length <= maxEntryLength ? readEntry(bytes) : undefined;
  if (entry && equalBytes(encodeLogEntry(entry), bytes)) return entry;
  throw logTampered('entry', 'is none, or not in its one form');
}

function readEntry(bytes: Uint8Array): LogEntry | undefined {
  try {
    const [, invocation, receipt, enrolledAt, effectCount, effectsRoot] = decode(bytes, decodeOptions) as unknown[];
    const whole = invocation instanceof CID && receipt instanceof CID && effectsRoot instanceof Uint8Array;
    if (!whole || !isTime(enrolledAt) || !isCount(effectCount) || effectsRoot.length !== hashLength) return undefined;
    return { invocation, receipt, enrolledAt, effectCount, effectsRoot };
  } catch {
    return undefined;
  }
}

function isTime(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== 24) return false;
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString() === value;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function decodeLink(value: unknown): CID | undefined {
  return value instanceof Uint8Array && value[0] === 0 ? CID.decode(value.subarray(1)) : undefined;
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
