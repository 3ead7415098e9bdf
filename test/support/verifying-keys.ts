/** Keys of the kinds that only verify here, with which Node signs. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { compressEcdsaPublicKey } from '../../src/crypto/ecdsa.ts';
import { importRsaPublicKey } from '../../src/crypto/rsa.ts';
import { encodeDidKey } from '../../src/did/did-key.ts';
import type { PublicKey } from '../../src/did/public-key.ts';
import { fromHex } from './vectors.ts';

/** Somebody with such a key. */
export interface VerifyingPrincipal {
  readonly name: string;
  readonly did: string;
  readonly publicKey: PublicKey;
  /** Varsig v1 over DAG-CBOR. */
  readonly header: Uint8Array;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

function ecdsaPrincipal(type: 'p384' | 'p521', namedCurve: string, hash: string, header: string): VerifyingPrincipal {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const bytes = compressEcdsaPublicKey(type, publicKey.export({ format: 'raw-public' }));
  return principalOf(type, { type, bytes }, header, (message) =>
    sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  );
}

function rsaPrincipal(modulusLength: number, header: string): VerifyingPrincipal {
  const { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('rsa', {
    modulusLength,
  });
  const bytes = importRsaPublicKey(publicKey.export({ format: 'der', type: 'pkcs1' }));
  return principalOf(`rsa ${modulusLength}`, { type: 'rsa', bytes }, header, (message) =>
    sign('sha256', message, privateKey),
  );
}

function principalOf(
  name: string,
  publicKey: PublicKey,
  header: string,
  signMessage: (message: Uint8Array) => Uint8Array,
): VerifyingPrincipal {
  return {
    name,
    did: encodeDidKey(publicKey),
    publicKey,
    header: fromHex(header),
    sign: async (message) => new Uint8Array(signMessage(message)),
  };
}

/** One of each kind. */
export function createVerifyingPrincipals(): readonly VerifyingPrincipal[] {
  return [
    ecdsaPrincipal('p384', 'P-384', 'sha384', '3401ec0181242071'),
    ecdsaPrincipal('p521', 'P-521', 'sha512', '3401ec0182241371'),
    rsaPrincipal(2048, '3401852412800271'),
    rsaPrincipal(3072, '3401852412800371'),
    rsaPrincipal(4096, '3401852412800471'),
  ];
}
