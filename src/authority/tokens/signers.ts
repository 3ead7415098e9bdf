import { concatBytes, equalBytes } from '../../bytes.ts';
import { sign } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { decodeEd25519DidKey } from '../../did/did-key.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import { encodeVarsig } from '../../ucan/encoding/varsig.ts';
import type { Signer } from '../../ucan/token/signer.ts';
import type { Vault } from '../../vault/vault.ts';
import { identityKeyContext } from '../identity/sealed-key-context.ts';

// How the bytes that a token's signature covers begin: a map of two keys, of which the first is the varsig header.
const tokenPrefix = concatBytes(Uint8Array.of(0xa2, 0x61, 0x68, 0x48), encodeVarsig('ed25519'));

/** Signs tokens as the authority, and nothing else; `locked` once the vault is. */
export function authoritySigner(vault: Vault): Signer {
  return {
    did: vault.did,
    keyType: 'ed25519',
    async sign(message) {
      requireToken(message);
      return vault.sign(message);
    },
  };
}

/** Signs tokens as an organisation, and nothing else: its identity key is opened for each signature, and wiped after. */
export function organisationSigner(vault: Vault, { id, did, encryptedIdentityKey }: OrganizationRow): Signer {
  return {
    did,
    keyType: 'ed25519',
    async sign(message) {
      requireToken(message);
      const place = identityKeyContext({ id }, fingerprintOf(decodeEd25519DidKey(did)));
      using seed = await vault.openKey(encryptedIdentityKey, place);
      return await sign(seed, message);
    },
  };
}

function requireToken(message: Uint8Array): void {
  if (equalBytes(message.subarray(0, tokenPrefix.length), tokenPrefix)) return;
  throw new TypeError('an identity key signs tokens alone');
}
