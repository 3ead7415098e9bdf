import type { Request } from '../../authority/execution/request.ts';
import type { Command, CommandSubject } from '../../authority/schemas/command.ts';
import { equalBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { encodeDagCbor } from '../../ucan/encoding/dag-cbor.ts';
import { fromJsonValue } from '../../ucan/encoding/dag-json.ts';
import { type IpldMap, type IpldValue, ipldMap, isIpldMap } from '../../ucan/encoding/ipld.ts';
import type { Query } from './query.ts';

/** What a plain request says beside its method and path. */
export interface PlainRequest {
  /** Arguments that stand in the path. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  /** The body as JSON; absent where the method has none. */
  readonly body?: unknown;
}

/**
 * Checks the command of an invocation against the one that is asked for.
 *
 * @throws HanaperError `not_authorized`
 */
export function requireSameCommand<Args, Result>(
  { invocation }: Request,
  { name }: Command<CommandSubject, Args, Result>,
): void {
  if (invocation.command !== name) throw anotherRequest('command', `it is for ${invocation.command}, not for ${name}`);
}

/**
 * Checks the arguments of an invocation against those of a body, by their bytes in DAG-CBOR.
 *
 * @throws HanaperError `not_authorized`, `bad_input`
 */
export function requireSameArgs({ invocation }: Request, args: unknown): void {
  requireSameBody(invocation.args, args);
}

/**
 * Checks every argument of an invocation against path, query and body: what stands in the path or the query by the
 * canonical text of the argument, a body by its bytes in DAG-CBOR. What is absent in one is absent in the other.
 *
 * @throws HanaperError `not_authorized`, `bad_input`
 */
export function requireSameArguments({ invocation }: Request, { path, query, body }: PlainRequest): void {
  const [stray] = body === undefined ? [] : query;
  if (stray) throw anotherRequest(stray[0], 'what is sent with a body has its arguments there, not in a query');
  const rest = new Map(Object.entries(invocation.args));
  // What was taken once is not there a second time.
  for (const [name, text] of [...Object.entries(path), ...query]) takeSameText(rest, name, text);
  requireSameBody(ipldMap(rest), body === undefined ? {} : body);
}

function takeSameText(rest: Map<string, IpldValue>, name: string, text: string): void {
  const stated = textOf(rest.get(name));
  if (rest.delete(name) && stated === text) return;
  throw anotherRequest(name, `its argument "${name.slice(0, 32)}" is not that of the request`);
}

/** The one text of an argument that has one. */
function textOf(value: IpldValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function requireSameBody(args: IpldMap, body: unknown): void {
  const asked = fromJsonValue(body);
  if (isIpldMap(asked) && equalBytes(encodeDagCbor(args), encodeDagCbor(asked))) return;
  throw anotherRequest('args', 'its arguments are not those of the request');
}

/** The error for an invocation of something else than the request that it came with. */
export function anotherRequest(field: string, why: string): HanaperError {
  return new HanaperError(
    'not_authorized',
    `The invocation in the Authorization header is one of another request: ${why}.`,
    { reason: 'another request', field: field.slice(0, 32) },
  );
}
