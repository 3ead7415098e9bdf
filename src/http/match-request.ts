import type { Context } from 'hono';
import type { AnyCommand, Command, CommandSubject } from '../authority/command.ts';
import type { Request } from '../authority/request.ts';
import { decodeUtf8, equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { encodeDagCbor } from '../ucan/dag-cbor.ts';
import { fromJsonValue, parseDagJson } from '../ucan/dag-json.ts';
import { type IpldMap, type IpldValue, ipldMap, isIpldMap } from '../ucan/ipld.ts';
import { readBody, requireContentType } from './read-body.ts';

/** Gives the DID of an organisation by its name or DID; `undefined` where there is none. */
export type ResolveOrganisation = (reference: string) => Promise<string | undefined>;

/**
 * Requires an invocation to ask for exactly what the request asks for: so a token serves one request alone, and what a
 * server in between reads of the request is what is executed.
 *
 * @throws HanaperError `not_authorized` naming the field that differs, `bad_input`, `too_large`
 */
export async function requireSameRequest(
  context: Context,
  command: AnyCommand,
  request: Request,
  resolve: ResolveOrganisation,
): Promise<void> {
  requireSameCommand(request, command);
  const { subject, args } = request.invocation;
  const rest = new Map(Object.entries(args));
  for (const [name, text] of Object.entries(context.req.param() as Readonly<Record<string, string>>)) {
    if (name === 'org') await requireSameOrganisation(text, subject, resolve);
    else takeSame(rest, name, text);
  }
  takeQuery(context, command, rest);
  if (command.route.method === 'GET') requireNothingLeft(rest);
  else requireSameBody(await readArgs(context), ipldMap(rest));
}

/**
 * Requires an invocation to be of a command.
 *
 * @throws HanaperError `not_authorized`
 */
export function requireSameCommand<Args, Result>(
  { invocation }: Request,
  command: Pick<Command<CommandSubject, Args, Result>, 'name'>,
): void {
  if (invocation.command !== command.name) throw differs('command', `it invokes ${invocation.command.slice(0, 100)}`);
}

/**
 * Requires an invocation to have the arguments that a body has.
 *
 * @throws HanaperError `not_authorized`, `bad_input` for what DAG-JSON has not
 */
export function requireSameArgs({ invocation }: Request, args: Readonly<Record<string, unknown>>): void {
  requireSameBody(fromJsonValue(args), invocation.args);
}

/**
 * Requires an organisation to be the subject of an invocation. One that there is not is no other than one that differs,
 * so that nobody learns which there are.
 */
export async function isSameOrganisation(
  reference: string,
  subject: string,
  resolve: ResolveOrganisation,
): Promise<boolean> {
  return reference === subject || (await resolve(reference)) === subject;
}

async function requireSameOrganisation(text: string, subject: string, resolve: ResolveOrganisation): Promise<void> {
  if (await isSameOrganisation(text, subject, resolve)) return;
  throw differs('org', 'its subject is not the organisation of the path');
}

function takeQuery(context: Context, command: AnyCommand, rest: Map<string, IpldValue>): void {
  const taken = new Set<string>();
  for (const [name, text] of queryOf(context)) {
    if (command.route.method !== 'GET') throw differs(name, 'a request with a body has no query');
    if (taken.has(name)) throw differs(name, 'the query has it twice');
    taken.add(name);
    takeSame(rest, name, text);
  }
}

function queryOf({ req: { url } }: Context): Iterable<[string, string]> {
  const start = url.indexOf('?');
  return start < 0 ? [] : new URLSearchParams(url.slice(start).replace(/#.*/, ''));
}

function takeSame(rest: Map<string, IpldValue>, name: string, text: string): void {
  const value = rest.get(name);
  if (!rest.delete(name)) throw differs(name, 'it has no such argument');
  if (canonicalText(value) !== text) throw differs(name, 'it has another value');
}

// What has no text of its own cannot stand in a path or query.
function canonicalText(value: IpldValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function requireNothingLeft(rest: ReadonlyMap<string, IpldValue>): void {
  for (const name of rest.keys()) throw differs(name, 'the request does not have it');
}

// No body is no arguments.
async function readArgs(context: Context): Promise<IpldValue> {
  const bytes = await readBody(context);
  if (bytes.length === 0) return ipldMap([]);
  requireContentType(context, ['application/json']);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new HanaperError('bad_input', 'The body is no UTF-8 text.', { reason: 'not UTF-8' });
  return parseDagJson(text);
}

function requireSameBody(body: IpldValue, args: IpldMap): void {
  if (isIpldMap(body) && equalBytes(encodeDagCbor(body), encodeDagCbor(args))) return;
  throw differs('body', 'its arguments are not those of the body');
}

function differs(field: string, how: string): HanaperError {
  const name = field.slice(0, 100);
  return new HanaperError(
    'not_authorized',
    `The invocation in Authorization is for another request: ${how} (${name}). Sign one for exactly this request.`,
    { reason: 'another request', field: name },
  );
}
