import { sign } from '../crypto/ed25519.ts';
import { fingerprintOf } from '../crypto/fingerprint.ts';
import { decodeEd25519DidKey } from '../did/did-key.ts';
import type { OrganizationRow } from '../store/schema.ts';
import type { Signer } from '../ucan/signer.ts';
import type { Vault } from '../vault/vault.ts';
import { placeOfIdentityKey } from './key-places.ts';

/** Signs tokens as the authority; `locked` once the vault is. */
export function authoritySigner(vault: Vault): Signer {
  return { did: vault.did, keyType: 'ed25519', sign: (message) => vault.sign(message) };
}

/** Signs tokens as an organisation: its identity key is opened for each signature, and wiped after. */
export function organisationSigner(vault: Vault, { id, did, encryptedIdentityKey }: OrganizationRow): Signer {
  return {
    did,
    keyType: 'ed25519',
    async sign(message) {
      const place = placeOfIdentityKey({ id }, fingerprintOf(decodeEd25519DidKey(did)));
      using seed = await vault.openKey(encryptedIdentityKey, place);
      return await sign(seed, message);
    },
  };
}
