import { equalBytes } from '../../bytes.ts';
import type { LogEntry } from '../../log/entry.ts';
import { encodeDagCbor } from '../../ucan/encoding/dag-cbor.ts';
import { type IpldMap, ipldMap, isIpldMap } from '../../ucan/encoding/ipld.ts';

/** What a receipt says of its entry: all that is in it beside the receipt itself, and behind which other it comes. */
export interface EntryBinding extends Pick<LogEntry, 'enrolledAt' | 'effectsRoot'> {
  readonly index: number;
  /** The leaf hash of the entry before; SHA-256 of nothing for the first: 32 bytes. */
  readonly before: Uint8Array;
}

const member = 'hanaper/log';
const names: Readonly<Record<string, string>> = {
  index: 'another index',
  before: 'another entry in front of it',
  enrolled_at: 'another time',
  effects_root: 'other effects',
};

/** A place as it stands in the `meta` of a receipt, by which no entry can be cut out, moved or given other effects. */
export function encodeBinding(place: EntryBinding): IpldMap {
  return ipldMap([[member, fieldsOf(place)]]);
}

/** What the `meta` of a receipt says of its entry beside what there is, in words; `undefined` where it names this place. */
export function describeBindingMismatch(meta: IpldMap | undefined, place: EntryBinding): string | undefined {
  const stated = meta?.[member];
  if (!isIpldMap(stated)) return 'no place in the log';
  const actual = fieldsOf(place);
  const differing = Object.keys(actual).find((field) => !isSame(stated, actual, field));
  if (differing !== undefined) return names[differing];
  return equalBytes(encodeDagCbor(meta ?? {}), encodeDagCbor(encodeBinding(place))) ? undefined : 'more than its place';
}

function fieldsOf({ index, before, enrolledAt, effectsRoot }: EntryBinding): IpldMap {
  return ipldMap([
    ['index', index],
    ['before', before],
    ['enrolled_at', enrolledAt],
    ['effects_root', effectsRoot],
  ]);
}

function isSame(stated: IpldMap, actual: IpldMap, field: string): boolean {
  const [left, right] = [stated[field], actual[field]];
  return left !== undefined && right !== undefined && equalBytes(encodeDagCbor(left), encodeDagCbor(right));
}
