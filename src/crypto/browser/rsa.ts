import { decodeHex } from '../../bytes.ts';
import { required } from '../../required.ts';
import { derTag, encodeDer } from '../der.ts';
import { asSource, subtle, unlessRefused } from './web-crypto.ts';

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
// RFC 8017, section A.1: the algorithm rsaEncryption, whose parameters are NULL.
const rsaEncryption = required(decodeHex('300d06092a864886f70d0101010500'), 'identifier of RSA');

// WebCrypto takes a public key in SubjectPublicKeyInfo.
export async function verifyRsaMessage(
  pkcs1: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const spki = encodeDer(derTag.sequence, rsaEncryption, encodeDer(derTag.bitString, Uint8Array.of(0), pkcs1));
  const key = await unlessRefused(() => subtle.importKey('spki', spki, algorithm, false, ['verify']));
  return key !== undefined && (await subtle.verify(algorithm, key, asSource(signature), asSource(message)));
}
