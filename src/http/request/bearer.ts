import type { Context } from 'hono';
import type { Authority } from '../../authority/authority.ts';
import { type BudgetedRequest, decodeRequest } from '../../authority/execution/request.ts';
import { encodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { takeRoom } from './body.ts';
import { readLogWishes } from './proof-header.ts';
import { openBudget } from './request-budget.ts';

const scheme = /^Bearer ([!-~]+)$/i;

/**
 * The request in an `Authorization` header: a container in base64 or base64url, zipped or not. What it holds counts as a
 * body does, since a body may be waited for.
 *
 * @throws HanaperError `token_missing`, `malformed_token`, `bad_input`, `too_large`, `unavailable`
 */
export async function readBearer(context: Context, authority: Authority): Promise<BudgetedRequest> {
  const [, container] = scheme.exec(context.req.header('Authorization') ?? '') ?? [];
  if (container === undefined) throw tokenMissing();
  const bytes = encodeUtf8(container);
  const known = await authority.knownDelegations();
  const budget = openBudget(context, bytes.length);
  const request = await decodeRequest(bytes, known, budget, readLogWishes(context));
  takeRoom(context, budget.heldBytes);
  return request;
}

function tokenMissing(): HanaperError {
  return new HanaperError(
    'token_missing',
    'This needs a container with an invocation and its proofs, in a header: "Authorization: Bearer …".',
    { header: 'Authorization' },
  );
}
