import { CID } from 'multiformats/cid';
import { encodeUtf8 } from '../../bytes.ts';
import { type IpldMap, type IpldValue, isIpldMap } from '../encoding/ipld.ts';
import { limits } from '../limits.ts';

type Step =
  | { readonly kind: 'key'; readonly key: string; readonly optional: boolean }
  | { readonly kind: 'index'; readonly index: number; readonly optional: boolean }
  | {
      readonly kind: 'slice';
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly optional: boolean;
    }
  | { readonly kind: 'values'; readonly optional: boolean };

/** A selector (UCAN delegation 1.0, "Selectors"), as steps from the arguments to a value in them; none for `.`. */
export type Selector = readonly Step[];

const characterCost = 4;
const entryCost = 8;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
const slice = /\[(-?\d{0,15}):(-?\d{0,15})\]/y;
const index = /\[(-?\d{1,15})\]/y;
const quoted = /\["((?:[^"\\]|\\.)*)"\]/y;

/** Reads a selector: `.`, `.foo`, `["key"]`, `[]`, `[n]`, `[-n]`, `[a:b]`, each with `?`; `undefined` if it is invalid. */
export function parseSelector(text: string): Selector | undefined {
  if (!text.startsWith('.') || text.length > limits.selectorCharacters) return undefined;
  const steps: Step[] = [];
  // A dot stands alone, before an identifier, or before a bracket.
  for (let at = text === '.' ? 1 : 0; at < text.length; ) {
    const parsed = parseStep(text, at);
    if (parsed === undefined) return undefined;
    let { end } = parsed;
    while (text.charAt(end) === '?') end++;
    steps.push({ ...parsed.step, optional: end > parsed.end });
    at = end;
  }
  return steps;
}

type BareStep = Step extends infer Each ? (Each extends Step ? Omit<Each, 'optional'> : never) : never;

function parseStep(text: string, at: number): { step: BareStep; end: number } | undefined {
  const dotted = text.charAt(at) === '.';
  const start = dotted ? at + 1 : at;
  const name = dotted ? matchAt(identifier, text, start) : undefined;
  if (name) return { step: { kind: 'key', key: name[0] }, end: start + name[0].length };
  if (text.startsWith('[]', start)) return { step: { kind: 'values' }, end: start + 2 };
  for (const [pattern, read] of bracketed) {
    const found = matchAt(pattern, text, start);
    const step = found && read(found);
    if (step) return { step, end: start + found[0].length };
  }
  return undefined;
}

const bracketed: readonly (readonly [RegExp, (found: RegExpExecArray) => BareStep | undefined])[] = [
  [index, ([, number]) => ({ kind: 'index', index: Number(number) })],
  [slice, ([, from = '', to = '']) => readSlice(from, to)],
  [quoted, ([, content = '']) => readKey(content)],
];

function readSlice(from: string, to: string): BareStep | undefined {
  if (from === '-' || to === '-' || (from === '' && to === '')) return undefined;
  return {
    kind: 'slice',
    from: from === '' ? undefined : Number(from),
    to: to === '' ? undefined : Number(to),
  };
}

function readKey(content: string): BareStep | undefined {
  try {
    const key: unknown = JSON.parse(`"${content}"`);
    return typeof key === 'string' && key.isWellFormed() ? { kind: 'key', key } : undefined;
  } catch {
    return undefined;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/**
 * What a key gives that its map lacks: `null`, as the specification has it, or nothing at all, so that the policy is
 * refused (`refuse`).
 */
export type Missing = 'null' | 'refuse';

/** Receives work before it is done. */
export type Spend = (work: 'policy_steps' | 'key_bytes', amount: number) => void;

/** How a selector is resolved. */
interface SelectOptions {
  /** Default: `null`. */
  readonly missing?: Missing;
  /** Receives the items and characters that are copied, and the keys that are sorted. */
  readonly spend?: Spend;
}

/**
 * The value that a selector finds; `undefined` where a step that is not optional cannot be resolved.
 * Where an optional step finds nothing, the value is null.
 */
export function select(
  value: IpldValue,
  selector: Selector,
  { missing = 'null', spend = () => undefined }: SelectOptions = {},
): IpldValue | undefined {
  let current: IpldValue | undefined = value;
  for (const step of selector) {
    spend('policy_steps', costOf(step, current));
    current = take(current, step, { missing, spend });
    if (current === undefined) {
      if (!step.optional) return undefined;
      current = null;
    }
  }
  return current;
}

// Characters and items that are copied; for values, `valuesOf` tells.
function costOf({ kind }: Step, value: IpldValue): number {
  // The characters of a text are taken apart.
  return kind === 'slice' ? 1 + (typeof value === 'string' ? characterCost : 1) * sizeOf(value) : 1;
}

function take(value: IpldValue, step: Step, { missing, spend }: Required<SelectOptions>): IpldValue | undefined {
  switch (step.kind) {
    case 'key':
      return isIpldMap(value) ? takeKey(value, step.key, missing) : undefined;
    case 'index':
      return takeIndex(value, step.index);
    case 'slice':
      return takeSlice(value, step.from, step.to);
    default:
      return valuesOf(value, spend);
  }
}

function takeKey(map: IpldMap, key: string, missing: Missing): IpldValue | undefined {
  if (Object.hasOwn(map, key)) return map[key];
  return missing === 'null' ? null : undefined;
}

/**
 * The items of a list, or the values of a map in the order of its keys; `undefined` for anything else. `spend`
 * receives it before: each item, and the bytes of keys that have to be sorted.
 */
export function valuesOf(value: IpldValue, spend: Spend): readonly IpldValue[] | undefined {
  spend('policy_steps', 1 + (isIpldMap(value) ? entryCost : 1) * sizeOf(value));
  if (isList(value)) return value;
  if (!isIpldMap(value)) return undefined;
  const keys = Object.keys(value);
  // The order of a token is that of DAG-CBOR, but for keys that look like numbers: JavaScript puts those first.
  const sorted = isIndex(keys[0] ?? '') ? sortKeys(keys, spend) : keys;
  return sorted.map((key) => value[key] ?? null);
}

function isIndex(key: string): boolean {
  return /^\d{1,10}$/.test(key);
}

// Each key is encoded once, not in every comparison.
function sortKeys(keys: readonly string[], spend: Spend): readonly string[] {
  const characters = keys.reduce((total, key) => total + key.length, 0);
  spend('key_bytes', characters * (1 + Math.ceil(Math.log2(keys.length))));
  const encoded = keys.map((key) => ({ key, bytes: encodeUtf8(key) }));
  return encoded.toSorted((left, right) => compareKeys(left.bytes, right.bytes)).map(({ key }) => key);
}

function compareKeys(before: Uint8Array, after: Uint8Array): number {
  if (before.length !== after.length) return before.length - after.length;
  for (let i = 0; i < before.length; i++) {
    const step = (before[i] ?? 0) - (after[i] ?? 0);
    if (step !== 0) return step;
  }
  return 0;
}

/** How many values, characters and bytes there are in a value and in all that it holds, the keys of maps included. */
export function weigh(value: IpldValue): number {
  if (isIpldMap(value)) {
    return Object.keys(value).reduce((total, key) => total + entryCost + key.length + weigh(value[key] ?? null), 1);
  }
  return isList(value)
    ? value.reduce<number>((total, item) => total + weigh(item), 1 + value.length)
    : 1 + sizeOf(value);
}

/** How many characters, bytes, items or values there are in a value. */
export function sizeOf(value: IpldValue): number {
  if (typeof value === 'string' || value instanceof Uint8Array || isList(value)) return value.length;
  return isIpldMap(value) ? Object.keys(value).length : 0;
}

function takeIndex(value: IpldValue, at: number): IpldValue | undefined {
  if (value instanceof Uint8Array) return value.at(at);
  return isList(value) ? value.at(at) : undefined;
}

function takeSlice(value: IpldValue, from: number | undefined, to: number | undefined): IpldValue | undefined {
  if (typeof value === 'string') return [...value].slice(from, to).join('');
  if (value instanceof Uint8Array) return value.subarray(from, to);
  return isList(value) ? value.slice(from, to) : undefined;
}

function isList(value: IpldValue): value is readonly IpldValue[] {
  return Array.isArray(value);
}

/** Whether two values are the same: numbers by value, bytes and links by their bytes, maps whatever their order. */
export function equalValues(left: IpldValue, right: IpldValue): boolean {
  if (left === right) return true;
  if (left instanceof Uint8Array) return right instanceof Uint8Array && equalItems(left, right);
  if (left instanceof CID) return right instanceof CID && left.equals(right);
  if (isList(left)) return isList(right) && equalItems(left, right);
  return isIpldMap(left) && isIpldMap(right) && equalMaps(left, right);
}

function equalItems(left: ArrayLike<IpldValue>, right: ArrayLike<IpldValue>): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (!equalValues(left[i] ?? null, right[i] ?? null)) return false;
  return true;
}

function equalMaps(left: IpldMap, right: IpldMap): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalValues(left[key] ?? null, right[key] ?? null));
}
