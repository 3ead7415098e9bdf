import type { Context, Hono } from 'hono';
import type { AnyCommand } from '../authority/command.ts';
import { organisationDid } from '../authority/organisation-did.ts';
import { answerPlainly } from './answer.ts';
import { readBearer } from './bearer.ts';
import { requireSameRequest } from './match-request.ts';
import type { Service } from './service.ts';

/** Adds a plain route for each command, with its invocation in `Authorization`. */
export function addRoutes(app: Hono, service: Service, commands: readonly AnyCommand[]): void {
  for (const command of commands) {
    const { method, path } = command.route;
    app.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) => callCommand(context, service, command));
  }
}

async function callCommand(context: Context, service: Service, command: AnyCommand): Promise<Response> {
  const authority = service.authority();
  const request = await readBearer(context, authority);
  await requireSameRequest(context, command, request, (reference) => organisationDid(authority, reference));
  return answerPlainly(context, await authority.executeRequest(request));
}
