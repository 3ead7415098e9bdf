import { type Ed25519PublicKey, generateSeed, publicKeyOf } from '../crypto/ed25519.ts';
import { encodeEd25519DidKey } from '../did/did-key.ts';
import type { Signer } from '../ucan/token/signer.ts';

const signatureLength = 64;

/**
 * Signs nothing, in the form of an Ed25519 signature: with it a token is made to find what would refuse it, before the key
 * that is to sign it is opened. Where the DID of that key is not known yet, it has one of its own.
 */
export async function createStandIn(did?: string): Promise<Signer> {
  return { did: did ?? (await inventDid()), keyType: 'ed25519', sign: async () => new Uint8Array(signatureLength) };
}

async function inventDid(): Promise<string> {
  return encodeEd25519DidKey(await inventPublicKey());
}

async function inventPublicKey(): Promise<Ed25519PublicKey> {
  using seed = generateSeed();
  return await publicKeyOf(seed);
}
