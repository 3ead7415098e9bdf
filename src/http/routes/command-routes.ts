import type { Context, Hono } from 'hono';
import { commands } from '../../authority/commands/list.ts';
import { checkRequest } from '../../authority/execution/execute.ts';
import { findHostedDid } from '../../authority/execution/find-hosted-did.ts';
import type { Request } from '../../authority/execution/request.ts';
import type { AnyCommand } from '../../authority/schemas/command.ts';
import { parseArgs } from '../../authority/schemas/parse-args.ts';
import { encodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { toDagJson } from '../../ucan/encoding/dag-json.ts';
import { verifyToken } from '../../ucan/token/verified.ts';
import { bodyBytes, bodySlack, bodyStretch, unauthorizedBodyBytes } from '../limits.ts';
import { answerPlainly } from '../request/answer.ts';
import { readBearer } from '../request/bearer.ts';
import { readJsonBody } from '../request/body.ts';
import { anotherRequest, requireSameArguments, requireSameCommand } from '../request/match-request.ts';
import { proofHeader } from '../request/proof-header.ts';
import { readQuery } from '../request/query.ts';
import type { Service } from '../service.ts';

/** The routes that need more than an invocation, and are added elsewhere. */
export const secretRoutes: readonly string[] = ['/api/crypto/unlock', '/api/crypto/validate'];

const organisationParameter = 'org';

/** Adds a plain route for each command. */
export function addRoutes(app: Hono, service: Service): void {
  for (const command of commands.filter(({ route }) => !secretRoutes.includes(route.path))) {
    const { method, path } = command.route;
    app.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) => execute(context, service, command));
  }
}

async function execute(context: Context, service: Service, command: AnyCommand): Promise<Response> {
  const authority = service.authority();
  const request = await readBearer(context, authority);
  requireSameCommand(request, command);
  // What is hosted here is not for those to find out who sign nothing.
  await verifyToken(request.invocation, undefined, request.budget);
  const { [organisationParameter]: organisation, ...path } = readPath(context, command);
  if (organisation !== undefined) await requireSameSubject(service, request, organisation);
  const body = command.route.method === 'GET' ? undefined : await readArguments(context, service, command, request);
  requireSameArguments(request, { path, query: readQuery(context), body });
  const answer = await authority.executeRequest(request);
  return answerPlainly(context, answer, await proofHeader(context, authority, answer));
}

// To read JSON takes long where there is much of it: it has to be no longer than the arguments that it repeats, and where
// these are long they have to be of somebody who may ask.
async function readArguments(
  context: Context,
  service: Service,
  command: AnyCommand,
  request: Request,
): Promise<unknown> {
  const { args } = request.invocation;
  parseArgs(command.args, args);
  const most = Math.min(bodyBytes, bodySlack + bodyStretch * encodeUtf8(toDagJson(args)).length);
  if (most > unauthorizedBodyBytes) await checkRequest(service.authority(), command, request);
  return readJsonBody(context, most);
}

function readPath(context: Context, { route }: AnyCommand): Readonly<Record<string, string>> {
  const names = Array.from(route.path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  return Object.fromEntries(names.map((name) => [name, context.req.param(name) ?? missing(name)]));
}

async function requireSameSubject(service: Service, { invocation }: Request, reference: string): Promise<void> {
  if ((await findHostedDid(service.authority(), reference)) === invocation.subject) return;
  throw anotherRequest('sub', 'its subject is not the organisation in the path');
}

function missing(name: string): never {
  throw new HanaperError('bad_input', `The path lacks {${name}}.`, { field: name });
}
