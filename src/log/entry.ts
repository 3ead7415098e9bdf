import { encode, Token, Type } from 'cborg';
import type { CID } from 'multiformats/cid';
import { concatBytes } from '../bytes.ts';

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

const linkTag = 42;

/** An entry as it is hashed: DAG-CBOR `["hanaper/v1/log-entry", invocation, receipt, enrolled_at, count, root]`. */
export function encodeLogEntry(entry: LogEntry): Uint8Array<ArrayBuffer> {
  const { invocation, receipt, enrolledAt, effectCount, effectsRoot } = entry;
  const fields = [
    'hanaper/v1/log-entry',
    new Link(invocation),
    new Link(receipt),
    enrolledAt,
    effectCount,
    effectsRoot,
  ];
  return new Uint8Array(encode(fields, { typeEncoders: { Object: encodeLink } }));
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
