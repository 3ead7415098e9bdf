import type { Context } from 'hono';
import type { Authority } from '../authority/authority.ts';
import { decodeRequest, type Request } from '../authority/request.ts';
import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';

const scheme = /^Bearer ([!-~]+)$/i;

/**
 * The request in an `Authorization` header: a container in base64 or base64url, zipped or not.
 *
 * @throws HanaperError `token_missing`, `malformed_token`, `bad_input`
 */
export async function readBearer(context: Context, authority: Authority): Promise<Request> {
  const [, container] = scheme.exec(context.req.header('Authorization') ?? '') ?? [];
  if (container === undefined) throw tokenMissing();
  return decodeRequest(encodeUtf8(container), await authority.knownDelegations());
}

function tokenMissing(): HanaperError {
  return new HanaperError(
    'token_missing',
    'This needs a container with an invocation and its proofs, in a header: "Authorization: Bearer …".',
    { header: 'Authorization' },
  );
}
