import { requireRefusal } from '../../../attempt.ts';
import { concatBytes, equalBytes } from '../../../bytes.ts';
import { HanaperError } from '../../../errors.ts';
import { decodeDagCbor, encodeDagCbor } from '../../../ucan/encoding/dag-cbor.ts';
import { type IpldMap, type IpldValue, isIpldMap } from '../../../ucan/encoding/ipld.ts';

/** One effect as it is exported: its digest, and what the digest is of, where that is shown. */
export interface ExportedEffect {
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** The table's name in SQL, and what names the row there. */
  readonly table: string;
  readonly key: string;
  readonly shown?: {
    /** 16 bytes. */
    readonly salt: Uint8Array;
    /** The canonical row; null: it was removed. */
    readonly row: IpldMap | null;
  };
}

/** What stands in an export, one after the other. */
export type ExportRecord =
  | { readonly kind: 'head'; readonly authority: string }
  | { readonly kind: 'log-key'; readonly statement: Uint8Array; readonly signature: Uint8Array }
  | { readonly kind: 'proof'; readonly token: Uint8Array }
  | {
      readonly kind: 'entry';
      readonly entry: Uint8Array;
      readonly invocation: Uint8Array | undefined;
      readonly receipt: Uint8Array | undefined;
    }
  | { readonly kind: 'effects'; readonly effects: readonly ExportedEffect[] }
  | { readonly kind: 'checkpoint'; readonly note: Uint8Array }
  | { readonly kind: 'end'; readonly size: number; readonly root: Uint8Array };

// Bytes of one record.
const maxRecordLength = 16_777_216;

const context = 'hanaper/log-export/2';

/** A record as it stands in a file: DAG-CBOR, in a CBOR byte string, so that files are CBOR sequences (RFC 8742). */
export function encodeRecord(record: ExportRecord): Uint8Array<ArrayBuffer> {
  const body = encodeDagCbor(fieldsOf(record));
  if (body.length > maxRecordLength) throw new TypeError('a record of an export is too large');
  return encodeDagCbor(body);
}

/**
 * Reads what is in the byte string of a record, and no other encoding of it.
 *
 * @throws HanaperError `bad_input`
 */
export function decodeRecord(body: Uint8Array): ExportRecord {
  const fields = readFields(body);
  const [kind, ...values] = fields;
  const record = typeof kind === 'string' ? readRecord(kind, values) : undefined;
  if (record && equalBytes(encodeDagCbor(fieldsOf(record)), body)) return record;
  throw notRecord();
}

/** Takes records out of the bytes of a file, however they are cut. */
export class RecordSplitter {
  #held: Uint8Array = new Uint8Array(0);

  /** How many bytes are held of a record that is not whole yet. */
  get pending(): number {
    return this.#held.length;
  }

  /**
   * The bodies of the records that are whole by now, as views.
   *
   * @throws HanaperError `bad_input`
   */
  *split(chunk: Uint8Array): Generator<Uint8Array> {
    this.#held = this.#held.length === 0 ? chunk : concatBytes(this.#held, chunk);
    for (let head = readHead(this.#held); head; head = readHead(this.#held)) {
      const end = head.start + head.length;
      if (end > this.#held.length) return;
      const body = this.#held.subarray(head.start, end);
      this.#held = this.#held.subarray(end);
      yield body;
    }
  }
}

function fieldsOf(record: ExportRecord): IpldValue[] {
  switch (record.kind) {
    case 'head':
      return [context, record.authority];
    case 'log-key':
      return [record.kind, record.statement, record.signature];
    case 'proof':
      return [record.kind, record.token];
    case 'entry':
      return [record.kind, record.entry, record.invocation ?? null, record.receipt ?? null];
    case 'effects':
      return [record.kind, ...record.effects.map(effectFields)];
    case 'checkpoint':
      return [record.kind, record.note];
    case 'end':
      return [record.kind, record.size, record.root];
  }
}

function effectFields({ digest, table, key, shown }: ExportedEffect): IpldValue[] {
  return shown ? [digest, table, key, shown.salt, shown.row] : [digest, table, key];
}

function readFields(body: Uint8Array): readonly IpldValue[] {
  try {
    const value = decodeDagCbor(body);
    return Array.isArray(value) ? value : [];
  } catch (error) {
    requireRefusal(error);
    return [];
  }
}

function readRecord(kind: string, values: readonly IpldValue[]): ExportRecord | undefined {
  const [first, second, third] = values;
  switch (kind) {
    case context:
      return isText(first) ? { kind: 'head', authority: first } : undefined;
    case 'log-key':
      return isBytes(first) && isBytes(second) ? { kind, statement: first, signature: second } : undefined;
    case 'proof':
      return isBytes(first) ? { kind, token: first } : undefined;
    case 'entry':
      return isBytes(first) ? { kind, entry: first, invocation: bytesOf(second), receipt: bytesOf(third) } : undefined;
    case 'effects':
      return readEffects(values);
    case 'checkpoint':
      return isBytes(first) ? { kind, note: first } : undefined;
    case 'end':
      return typeof first === 'number' && isBytes(second) ? { kind, size: first, root: second } : undefined;
    default:
      return undefined;
  }
}

function readEffects(values: readonly IpldValue[]): ExportRecord | undefined {
  const effects = values.map(readEffect);
  return effects.every((effect) => effect !== undefined) ? { kind: 'effects', effects } : undefined;
}

function readEffect(value: IpldValue): ExportedEffect | undefined {
  if (!Array.isArray(value)) return undefined;
  const [digest, table, key, salt, row] = value as readonly IpldValue[];
  if (!isBytes(digest) || !isText(table) || !isText(key)) return undefined;
  if (value.length === 3) return { digest, table, key };
  const isShown = isBytes(salt) && (row === null || isIpldMap(row));
  return isShown ? { digest, table, key, shown: { salt, row } } : undefined;
}

const byteString = 2;
const lengthBytes: Readonly<Record<number, number>> = { 24: 1, 25: 2, 26: 4 };
// The least length that is written in so many bytes: each has one form (RFC 8949, section 4.2.1).
const leastLength: Readonly<Record<number, number>> = { 1: 24, 2: 256, 4: 65_536 };

/** The head of a byte string (RFC 8949, section 3): where its bytes begin, and how many there are. */
function readHead(bytes: Uint8Array): { readonly start: number; readonly length: number } | undefined {
  const [first] = bytes;
  if (first === undefined) return undefined;
  const info = first & 0x1f;
  if (first >> 5 !== byteString) throw notRecord();
  if (info < 24) return { start: 1, length: info };
  const width = lengthBytes[info];
  if (width === undefined) throw notRecord();
  if (bytes.length <= width) return undefined;
  const length = bytes.subarray(1, 1 + width).reduce((value, byte) => value * 256 + byte, 0);
  if (length > maxRecordLength || length < (leastLength[width] ?? 0)) throw notRecord();
  return { start: 1 + width, length };
}

function isText(value: IpldValue | undefined): value is string {
  return typeof value === 'string';
}

function isBytes(value: IpldValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array;
}

function bytesOf(value: IpldValue | undefined): Uint8Array | undefined {
  return isBytes(value) ? value : undefined;
}

function notRecord(): HanaperError {
  return new HanaperError('bad_input', 'This is not an export of a log, or is damaged. Export it again.', {
    expected: context,
    remedy: 'export_log',
  });
}
