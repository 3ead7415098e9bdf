import { requireRefusal } from '../attempt.ts';
import { decodeEd25519DidKey } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';
import type { Session } from './session.ts';

/**
 * The DID of the authority whose log a file must be of.
 *
 * @throws HanaperError `usage` where none is said, or what is said is no DID of an authority
 */
export function requireLogAuthority({ config }: Session): string {
  const { authority } = config.security;
  if (authority === undefined) {
    throw misplaced("Say whose log it must be: --authority DID. A file's own word for it is worth nothing.");
  }
  try {
    decodeEd25519DidKey(authority);
    return authority;
  } catch (cause) {
    const refusal = requireRefusal(cause);
    const message = `"${authority.slice(0, 100)}" is no DID of an authority; one looks like did:key:z6Mk…. "hanaper status" has it where the database is.`;
    throw misplaced(message, refusal);
  }
}

function misplaced(message: string, cause?: unknown): HanaperError {
  return new HanaperError('usage', message, { option: '--authority' }, cause);
}
