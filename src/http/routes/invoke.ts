import type { Hono } from 'hono';
import type { Authority } from '../../authority/authority.ts';
import { unlockDatabase } from '../../authority/commands/database.ts';
import { type Answer, checkRequest } from '../../authority/execution/execute.ts';
import { findHostedDid } from '../../authority/execution/find-hosted-did.ts';
import { decodeRequest, type Request } from '../../authority/execution/request.ts';
import { HanaperError } from '../../errors.ts';
import { encodingOf } from '../../ucan/encoding/container.ts';
import { verifyToken } from '../../ucan/token/verified.ts';
import { answerInFull, containerType } from '../request/answer.ts';
import { readBody, requireType } from '../request/body.ts';
import { proofHeader, readLogWishes } from '../request/proof-header.ts';
import { readQuery } from '../request/query.ts';
import { openBudget } from '../request/request-budget.ts';
import type { Service } from '../service.ts';

const requestTypes = [containerType, 'application/octet-stream', 'application/vnd.ipld.dag-cbor', 'text/plain'];

/** Adds `POST /api/invoke`: a container with an invocation in, its receipt's container or readable JSON out. */
export function addInvoke(app: Hono, service: Service): void {
  app.post('/api/invoke', async (context) => {
    const authority = service.authority();
    requireType(context, requestTypes);
    const container = trimEnd(await readBody(context));
    const budget = openBudget(context, container.length);
    const known = await authority.knownDelegations();
    const request = await decodeRequest(container, known, budget, readLogWishes(context));
    const name = new Map(readQuery(context)).get('org');
    // What is hosted here is not for those to find out who sign nothing.
    if (name !== undefined) await verifyToken(request.invocation, undefined, budget);
    if (name !== undefined) await requireSubject(service, request, name);
    const answer = await execute(authority, request);
    const proof = await proofHeader(context, authority, answer);
    return answerInFull(context, answer, { encoding: encodingOf(container) ?? 'raw', proof });
  });
}

/** Executes a request. What opens the vault has a passphrase beside it, for which there is no room here. */
async function execute(authority: Authority, request: Request): Promise<Answer> {
  if (request.invocation.command !== unlockDatabase.name) return authority.executeRequest(request);
  const before = await checkRequest(authority, unlockDatabase, request);
  if (before) return before;
  const { path } = unlockDatabase.route;
  throw new HanaperError('bad_input', `The passphrase goes beside this invocation: send both to POST ${path}.`, {
    reason: 'passphrase',
  });
}

// The caller knows the organisation by a name, and the invocation by a DID.
async function requireSubject(service: Service, { invocation }: Request, reference: string): Promise<void> {
  const did = await findHostedDid(service.authority(), reference);
  if (did === invocation.subject) return;
  throw new HanaperError(
    'subject_mismatch',
    `The subject of this invocation, ${invocation.subject}, is not the organisation "${reference.slice(0, 100)}".`,
    { subject: invocation.subject, organisation: reference.slice(0, 100) },
  );
}

// A file of text ends in a newline.
function trimEnd(bytes: Uint8Array): Uint8Array {
  const encoding = encodingOf(bytes);
  if (encoding === undefined || encoding.startsWith('raw')) return bytes;
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}
