import { decodeUtf8 } from '../bytes.ts';
import { encodeContainer } from '../ucan/container.ts';

/** Tokens as the one text in which a command takes them: a container, zipped, since many may be given at once. */
export async function packTokens(tokens: readonly { readonly bytes: Uint8Array }[]): Promise<string> {
  const bytes = tokens.map((token) => token.bytes);
  return decodeUtf8(await encodeContainer(bytes, 'base64url-gzip')) ?? '';
}
