import { z } from 'zod';
import { encodeUtf8 } from '../bytes.ts';
import { decodeContainer } from '../ucan/container.ts';
import { limits } from '../ucan/limits.ts';
import { decodeToken, partitionTokens } from '../ucan/tokens.ts';

/** Tokens in a container that is text: base64 or base64url, zipped or not. */
export const containerArg: z.ZodType<string> = z.string().min(2).max(limits.containerBytes);

/**
 * The tokens of a {@link containerArg}, by what they are.
 *
 * @throws HanaperError `malformed_token`
 */
export async function decodeTokens(container: string): Promise<ReturnType<typeof partitionTokens>> {
  return partitionTokens((await decodeContainer(encodeUtf8(container))).map(decodeToken));
}
