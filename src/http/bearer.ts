import type { Context } from 'hono';
import type { Authority } from '../authority/authority.ts';
import { decodeRequest, type Request } from '../authority/request.ts';
import { openRequestBudget } from '../authority/request-budget.ts';
import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { readLogWishes } from './proof-header.ts';

const scheme = /^Bearer ([!-~]+)$/i;

/**
 * The request in an `Authorization` header: a container in base64 or base64url, zipped or not.
 *
 * @throws HanaperError `token_missing`, `malformed_token`, `bad_input`
 */
export async function readBearer(context: Context, authority: Authority): Promise<Request> {
  const [, container] = scheme.exec(context.req.header('Authorization') ?? '') ?? [];
  if (container === undefined) throw tokenMissing();
  const bytes = encodeUtf8(container);
  const known = await authority.knownDelegations();
  return decodeRequest(bytes, known, openRequestBudget(bytes.length), readLogWishes(context));
}

function tokenMissing(): HanaperError {
  return new HanaperError(
    'token_missing',
    'This needs a container with an invocation and its proofs, in a header: "Authorization: Bearer …".',
    { header: 'Authorization' },
  );
}
