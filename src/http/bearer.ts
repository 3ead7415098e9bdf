import type { Context } from 'hono';
import type { Authority } from '../authority/authority.ts';
import { decodeRequest, type Request } from '../authority/request.ts';
import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { headerBytes } from './limits.ts';

/**
 * Takes the invocation out of `Authorization: Bearer …`, where it is a container in an encoding of text.
 *
 * @throws HanaperError `token_missing`, `too_large`, `malformed_token`, `bad_input`
 */
export async function readBearer(context: Context, authority: Authority): Promise<Request> {
  const container = readToken(context.req.header('authorization'));
  return decodeRequest(encodeUtf8(container), await authority.knownDelegations());
}

function readToken(header: string | undefined): string {
  const [, token] = /^Bearer +([\x21-\x7e]+) *$/i.exec(header ?? '') ?? [];
  if (token === undefined) {
    throw new HanaperError(
      'token_missing',
      'This needs an invocation: Authorization: Bearer, and its container in base64url.',
    );
  }
  if (token.length > headerBytes) throw headersTooLarge();
  return token;
}

function headersTooLarge(): HanaperError {
  return new HanaperError(
    'too_large',
    `The headers have more than ${headerBytes} bytes. Send the container as the body of POST /api/invoke.`,
    { most_bytes: headerBytes, where: 'headers' },
  );
}
