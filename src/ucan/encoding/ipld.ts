import { CID } from 'multiformats/cid';
import { HanaperError } from '../../errors.ts';
import { limits } from '../limits.ts';

/** A value of the IPLD data model. Maps have no prototype, so that no key of theirs means anything to JavaScript. */
export type IpldValue = null | boolean | number | string | Uint8Array | CID | readonly IpldValue[] | IpldMap;

/** A map of the IPLD data model. */
export interface IpldMap {
  readonly [key: string]: IpldValue;
}

/** Whether a value is a map: not null, a list, bytes or a link. */
export function isIpldMap(value: IpldValue | undefined): value is IpldMap {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

/** A map from its entries, without a prototype. */
export function ipldMap(entries: Iterable<readonly [string, IpldValue]>): IpldMap {
  const map: { [key: string]: IpldValue } = Object.create(null);
  for (const [key, value] of entries) map[key] = value;
  return map;
}

/**
 * Copies a plain JavaScript value into the data model: no `undefined`, no bigint, no integer outside of ±(2^53−1),
 * no text that is not well-formed, no object of a class.
 *
 * @throws HanaperError `bad_input` naming the field
 */
export function toIpld(value: unknown, field = '.'): IpldValue {
  return copy(value, field, 0);
}

/**
 * Copies a plain object into a map of the data model.
 *
 * @throws HanaperError `bad_input` naming the field
 */
export function toIpldMap(value: unknown, field = '.'): IpldMap {
  const map = copy(value, field, 0);
  if (isIpldMap(map)) return map;
  throw unfit(field, 'must be a map');
}

function copy(value: unknown, field: string, depth: number): IpldValue {
  if (depth > limits.tokenDepth) throw unfit(field, `is more than ${limits.tokenDepth} levels deep`);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return requireNumber(value, field);
  if (typeof value === 'string') return requireText(value, field);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof CID) return value;
  if (Array.isArray(value)) return Array.from(value, (item, index) => copy(item, `${field}[${index}]`, depth + 1));
  if (isPlainObject(value)) {
    const entries = Object.entries(value);
    return ipldMap(
      entries.map(([key, inner]) => [
        requireText(key, field),
        copy(inner, field === '.' ? `.${key}` : `${field}.${key}`, depth + 1),
      ]),
    );
  }
  throw unfit(field, 'must be null, true, false, a number, text, bytes, a link, a list or a map');
}

function requireNumber(value: number, field: string): number {
  if (!Number.isFinite(value)) throw unfit(field, 'must be a finite number');
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw unfit(field, 'must be within ±(2^53−1)');
  return value;
}

function requireText(value: string, field: string): string {
  if (value.isWellFormed()) return value;
  throw unfit(field, 'must be well-formed Unicode');
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function unfit(field: string, reason: string): HanaperError {
  return new HanaperError('bad_input', `${field} ${reason}.`, { field, reason });
}
