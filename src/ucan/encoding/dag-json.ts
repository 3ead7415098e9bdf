import { CID } from 'multiformats/cid';
import { decodeBase64, encodeBase64 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { parseJson } from '../../parse-json.ts';
import { formatCid, parseCid } from './cid.ts';
import { type IpldMap, type IpldValue, ipldMap, isIpldMap, toIpld } from './ipld.ts';

const reserved = '/';

/** A value of the data model as JSON: a link is `{"/": "zdpu…"}`, bytes are `{"/": {"bytes": "…"}}` (ipld.io, DAG-JSON). */
export function toJsonValue(value: IpldValue): unknown {
  if (value instanceof Uint8Array) return { [reserved]: { bytes: encodeBase64(value).replace(/=+$/, '') } };
  if (value instanceof CID) return { [reserved]: formatCid(value) };
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (!isIpldMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJsonValue(inner)]));
}

/** {@link toJsonValue} as text. */
export function toDagJson(value: IpldValue): string {
  return JSON.stringify(toJsonValue(value));
}

/**
 * Reads JSON into the data model, with links and bytes as {@link toJsonValue} writes them.
 *
 * @throws HanaperError `bad_input`
 */
export function parseDagJson(text: string): IpldValue {
  const value = parseJson(text);
  if (value === undefined) throw new HanaperError('bad_input', 'This is no JSON.', { reason: 'not JSON' });
  return fromJsonValue(value);
}

/**
 * Takes parsed JSON into the data model.
 *
 * @throws HanaperError `bad_input`
 */
export function fromJsonValue(value: unknown): IpldValue {
  return withLinks(toIpld(value));
}

function withLinks(value: IpldValue): IpldValue {
  if (Array.isArray(value)) return value.map(withLinks);
  if (!isIpldMap(value)) return value;
  if (Object.keys(value).length === 1 && value[reserved] !== undefined) return readReserved(value[reserved]);
  return ipldMap(Object.entries(value).map(([key, inner]) => [key, withLinks(inner)]));
}

function readReserved(value: IpldValue): IpldValue {
  if (typeof value === 'string') return parseCid(value);
  const bytes = isIpldMap(value) && Object.keys(value).length === 1 ? readBytes(value) : undefined;
  if (bytes) return bytes;
  throw new HanaperError('bad_input', 'A map with the one key "/" must be a link or bytes.', { field: reserved });
}

function readBytes({ bytes }: IpldMap): Uint8Array | undefined {
  if (typeof bytes !== 'string') return undefined;
  return decodeBase64(bytes.padEnd(Math.ceil(bytes.length / 4) * 4, '='));
}
