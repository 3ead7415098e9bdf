import type { Context, Hono } from 'hono';
import type { AnyCommand } from '../authority/command.ts';
import { commands } from '../authority/commands/list.ts';
import { findHostedDid } from '../authority/find-hosted-did.ts';
import type { Request } from '../authority/request.ts';
import { HanaperError } from '../errors.ts';
import { answerPlainly } from './answer.ts';
import { readBearer } from './bearer.ts';
import { readJsonBody } from './body.ts';
import { anotherRequest, requireSameArguments, requireSameCommand } from './match-request.ts';
import { readQuery } from './query.ts';
import type { Service } from './service.ts';

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
  const { [organisationParameter]: organisation, ...path } = readPath(context, command);
  if (organisation !== undefined) await requireSameSubject(service, request, organisation);
  const body = command.route.method === 'GET' ? undefined : await readJsonBody(context);
  requireSameArguments(request, { path, query: readQuery(context), body });
  return answerPlainly(context, await authority.executeRequest(request));
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
