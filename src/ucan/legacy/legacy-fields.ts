import type { Budget } from '../../budget.ts';
import { decodeBase64Url, decodeUtf8 } from '../../bytes.ts';
import { parseJson } from '../../parse-json.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import { isDid } from '../token/fields.ts';

/** A JSON object as `JSON.parse` makes it. */
export type JsonMap = Readonly<Record<string, unknown>>;

/** The two parts of an old token that are JSON. */
export type LegacyPart = 'header' | 'payload';

/** Reads the fields of one part of an old token; whatever is not as it must be is `malformed_token`, with the field. */
export class LegacyFields {
  readonly #part: LegacyPart;
  readonly #map: JsonMap;

  /** Takes the base64url text of a part. The values in it are drawn on the budget before they are built. */
  constructor(part: LegacyPart, text: string, budget?: Budget) {
    const json = decodeUtf8(decodeBase64Url(text) ?? Uint8Array.of(0xff));
    budget?.spend('values', countValues(json ?? ''));
    const value = json === undefined ? undefined : parseJson(json);
    if (!isJsonMap(value)) throw malformedToken(`has a ${part} that is no JSON object in base64url`, { field: part });
    if (!isShallow(value, limits.tokenDepth)) {
      throw malformedToken(`has a ${part} of more than ${limits.tokenDepth} levels`, { field: part });
    }
    this.#part = part;
    this.#map = value;
  }

  /** Refuses fields that are not named here: their meaning would be lost. */
  requireKnown(...fields: readonly string[]): void {
    if (Object.keys(this.#map).every((field) => fields.includes(field))) return;
    throw malformedToken(`has a field in its ${this.#part} that is not known in its version`, { field: this.#part });
  }

  /** Refuses fields that are null where they should be left out. */
  requireNoNull(...fields: readonly string[]): void {
    for (const field of fields) if (this.has(field) && this.#map[field] === null) throw wrong(field, 'is null');
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#map, field);
  }

  /** The value of a field that must be there. */
  value(field: string): unknown {
    if (this.has(field)) return this.#map[field];
    throw wrong(field, 'is missing');
  }

  text(field: string): string {
    const value = this.value(field);
    if (typeof value === 'string') return value;
    throw wrong(field, 'is no text');
  }

  did(field: string): string {
    const value = this.text(field);
    if (isDid(value)) return value;
    throw wrong(field, 'is no DID');
  }

  /** Whole seconds since 1970. */
  time(field: string): number {
    const value = this.value(field);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw wrong(field, 'is no time in whole seconds');
  }

  list(field: string, most: number): readonly unknown[] {
    const value = this.value(field);
    if (Array.isArray(value) && value.length <= most) return value;
    throw wrong(field, `is no list of at most ${most} items`);
  }

  map(field: string): JsonMap {
    const value = this.value(field);
    if (isJsonMap(value)) return value;
    throw wrong(field, 'is no map');
  }

  /** What `read` makes of a field; `undefined` where the field is left out, or null, which some write for that. */
  optional<Value>(field: string, read: (field: string) => Value): Value | undefined {
    return this.has(field) && this.value(field) !== null ? read(field) : undefined;
  }
}

/** Whether a JSON value is an object. */
export function isJsonMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A `malformed_token` error about one field; `reason` completes the sentence "a field … that …". */
export function wrong(field: string, reason: string): Error {
  return malformedToken(`has a field "${field}" that ${reason}`, { field });
}

// One of these precedes each but the first, and may be in a text as well.
function countValues(json: string): number {
  let count = 1;
  for (const character of json) if (',[{:'.includes(character)) count++;
  return count;
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1));
}
