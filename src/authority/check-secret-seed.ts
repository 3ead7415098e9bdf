import type { Secret } from '../crypto/secret.ts';
import type { Host } from './execution/host.ts';
import { requireSecretSeed } from './keys/key-rules.ts';

/**
 * Refuses as a private key what is known to be public, before it is sealed.
 *
 * @throws HanaperError `bad_input`, `weak_key`
 */
export async function checkSecretSeed({ followed, identity }: Host, seed: Secret): Promise<void> {
  await followed.read((transaction) => requireSecretSeed({ transaction, authority: identity }, seed));
}
