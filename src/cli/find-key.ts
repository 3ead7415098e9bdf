import { type KeyReference, listKeys } from '../authority/index.ts';
import { isSha256Hex } from '../crypto/fingerprint.ts';
import { HanaperError } from '../errors.ts';
import type { Caller } from './caller.ts';

/**
 * The signing key that goes by a name or a fingerprint. A name is shorter than a fingerprint, so that it is never one.
 *
 * @throws HanaperError `not_found` where no key has the fingerprint, and what listing the keys throws
 */
export async function findKey(
  caller: Caller,
  organisation: string | undefined,
  reference: string,
): Promise<KeyReference> {
  const hex = reference.toLowerCase();
  if (!isSha256Hex(hex)) return { name: reference };
  const { keys } = await caller.executeFor(organisation, listKeys, {});
  const key = keys.find(({ fingerprint }) => fingerprint === hex);
  if (key) return { name: key.name, fingerprint: hex };
  throw new HanaperError(
    'not_found',
    `No signing key has the fingerprint ${hex}. "hanaper key list" shows those there are.`,
    { kind: 'signing key', fingerprint: hex },
  );
}
