import { type IpldMap, type IpldValue, isIpldMap } from '../../ucan/encoding/ipld.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import type { ReceiptOutcome } from '../../ucan/token/receipt.ts';

/** What an act is about, as its arguments and its result say; absent where they say nothing of it. */
export interface AboutDocument {
  /** The file name of a package, or the name of what was made or changed. */
  readonly name?: string;
  /** SHA-256 of a package: 64 hex characters. */
  readonly hash?: string;
  /** Name of the signing key. */
  readonly key?: string;
  /** 64 hex characters. */
  readonly key_fingerprint?: string;
}

/** Reads what an act is about from its invocation and, once there is one, from its receipt. */
export function describeAct({ command, args }: Invocation, out: ReceiptOutcome | undefined): AboutDocument {
  const result = out && 'ok' in out && isIpldMap(out.ok) ? out.ok : {};
  // A key's own commands call its name "name".
  const isOfKey = command.startsWith('/key/');
  const name = isOfKey ? undefined : textOf(args, 'name');
  const key = textOf(args, isOfKey ? 'name' : 'key');
  const hash = textOf(args, 'hash');
  const fingerprint = textOf(result, 'key_fingerprint') ?? textOf(result, 'fingerprint') ?? textOf(args, 'fingerprint');
  return {
    ...(name !== undefined && { name }),
    ...(hash !== undefined && { hash }),
    ...(key !== undefined && { key }),
    ...(fingerprint !== undefined && { key_fingerprint: fingerprint }),
  };
}

/** A field of a map, where it is text. */
export function textOf(map: IpldMap, field: string): string | undefined {
  const value: IpldValue | undefined = map[field];
  return typeof value === 'string' ? value : undefined;
}
