import { CID } from 'multiformats/cid';

/** CBOR that is written as it stands. */
export class Cbor {
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(...parts: readonly (Uint8Array | readonly number[])[]) {
    this.bytes = new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
  }
}

/** What {@link write} writes in the form that DAG-CBOR asks for; a {@link Cbor} as it stands. */
export type Raw = null | boolean | number | string | Uint8Array | CID | Cbor | readonly Raw[];

/** The head of a value: its major type and its argument in the shortest form, or in `width` bytes. */
export function head(major: number, argument: number, width = shortest(argument)): number[] {
  if (width === 0) return [(major << 5) | argument];
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(argument));
  return [(major << 5) | (24 + Math.log2(width)), ...bytes.subarray(8 - width)];
}

function shortest(argument: number): number {
  if (argument < 24) return 0;
  if (argument < 2 ** 8) return 1;
  if (argument < 2 ** 16) return 2;
  return argument < 2 ** 32 ? 4 : 8;
}

/** A value as DAG-CBOR. */
export function write(value: Raw): Cbor {
  if (value instanceof Cbor) return value;
  if (value === null) return new Cbor([0xf6]);
  if (typeof value === 'boolean') return new Cbor([value ? 0xf5 : 0xf4]);
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? integer(value) : float(value);
  if (value instanceof Uint8Array) return new Cbor(head(2, value.length), value);
  if (value instanceof CID) return new Cbor([0xd8, 42], write(Uint8Array.of(0, ...value.bytes)).bytes);
  return list(value);
}

/** A text. */
export function text(value: string): Cbor {
  const bytes = Buffer.from(value);
  return new Cbor(head(3, bytes.length), bytes);
}

/** A float of 64 bits, whole or not. */
export function float(value: number): Cbor {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return new Cbor([0xfb], bytes);
}

/** A list. */
export function list(items: readonly Raw[]): Cbor {
  return new Cbor(head(4, items.length), ...items.map((item) => write(item).bytes));
}

/** A map with its keys sorted; what is `undefined` is left out. */
export function map(entries: Readonly<Record<string, Raw | undefined>>): Cbor {
  const present = Object.entries(entries).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return unsortedMap(present.toSorted(([left], [right]) => compareKeys(left, right)));
}

/** A map with its keys as they come. */
export function unsortedMap(entries: readonly (readonly [Raw, Raw])[]): Cbor {
  return new Cbor(head(5, entries.length), ...entries.flatMap((entry) => entry.map((each) => write(each).bytes)));
}

function integer(value: number): Cbor {
  return new Cbor(value < 0 ? head(1, -1 - value) : head(0, value));
}

function compareKeys(left: string, right: string): number {
  return Buffer.byteLength(left) - Buffer.byteLength(right) || Buffer.compare(Buffer.from(left), Buffer.from(right));
}
