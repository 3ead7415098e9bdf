import { isDidKey } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';
import { isDid } from '../ucan/token/fields.ts';

/**
 * Requires that an option names a DID. One with a character wrong or missing would make a token that nobody can ever use.
 *
 * @throws HanaperError `bad_input`
 */
export function requirePrincipal(option: string, did: string): void {
  if (did.startsWith('did:key:') ? isDidKey(did) : isDid(did)) return;
  throw new HanaperError('bad_input', `${option} names no DID. One looks like did:key:z6Mk…; copy all of it.`, {
    option,
  });
}
