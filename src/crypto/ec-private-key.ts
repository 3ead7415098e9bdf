import { decodeHex, encodeHex, equalBytes } from '../bytes.ts';
import { required } from '../required.ts';
import { joinSecret } from '../secret-bytes.ts';
import { DerReader, derTag, malformedDer } from './der.ts';
import { decompressEcdsaPublicKey, type EcdsaPublicKey, ecdsaPublicKeyOf, type SigningCurve } from './ecdsa.ts';
import { type PrivateKeyInfo, publicKeyMismatch } from './private-key-info.ts';
import { Secret } from './secret.ts';

/** A private key on one of the curves, its scalar of 32 bytes checked. */
export interface EcPrivateKey {
  readonly curve: SigningCurve;
  readonly scalar: Secret;
}

const scalarLength = 32;
const ecPublicKey = '2a8648ce3d0201';
const curves: Readonly<Record<string, SigningCurve>> = { '2a8648ce3d030107': 'p256', '2b8104000a': 'secp256k1' };

// PrivateKeyInfo (version 0) up to the scalar, and what stands between it and the point of 65 bytes.
const pkcs8Prefix: Readonly<Record<SigningCurve, Uint8Array>> = {
  p256: bytes('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420'),
  secp256k1: bytes('308184020100301006072a8648ce3d020106052b8104000a046d306b0201010420'),
};
const beforePoint = bytes('a144034200');

function bytes(hex: string): Uint8Array {
  return required(decodeHex(hex), 'identifier of a curve');
}

/**
 * The key of a curve in PKCS#8 (RFC 5958, RFC 5480); `undefined` where the algorithm or the curve is another.
 * Where it also holds the public key, that must be the scalar's.
 *
 * @throws HanaperError `malformed_key`
 */
export async function decodeEcInfo(info: PrivateKeyInfo): Promise<EcPrivateKey | undefined> {
  const curve = info.algorithm === ecPublicKey ? curveOf(info.parameter) : undefined;
  return curve && readEcPrivateKey(info.privateKey, curve, info.publicKey);
}

/**
 * The key in an ECPrivateKey (RFC 5915), which must name its curve; `undefined` if the curve is not supported.
 *
 * @throws HanaperError `malformed_key`
 */
export async function decodeEcPrivateKey(der: Uint8Array): Promise<EcPrivateKey | undefined> {
  const curve = curveOf(readFields(der).curve);
  return curve && readEcPrivateKey(der, curve, undefined);
}

/** A private key with its public key in PKCS#8, byte for byte as OpenSSL writes it. */
export async function encodeEcInfo({ curve, scalar }: EcPrivateKey): Promise<Secret> {
  const point = decompressEcdsaPublicKey(curve, await ecdsaPublicKeyOf(curve, scalar));
  return Secret.hold(joinSecret(pkcs8Prefix[curve], scalar.bytes, beforePoint, point));
}

async function readEcPrivateKey(
  der: Uint8Array,
  curve: SigningCurve,
  outerPublicKey: Uint8Array | undefined,
): Promise<EcPrivateKey> {
  const fields = readFields(der);
  if (fields.curve !== undefined && curveOf(fields.curve) !== curve) throw malformedDer();
  const scalar = Secret.copyOf(fields.scalar);
  try {
    const publicKey = await ecdsaPublicKeyOf(curve, scalar);
    for (const stated of [fields.publicKey, outerPublicKey]) {
      if (stated && !isPoint(curve, stated, publicKey)) throw publicKeyMismatch();
    }
    return { curve, scalar };
  } catch (error) {
    scalar[Symbol.dispose]();
    throw error;
  }
}

// RFC 5915, section 3: version 1, the scalar, and the curve and the point where they are there.
function readFields(der: Uint8Array) {
  const file = new DerReader(der);
  const key = file.readSequence();
  file.end();
  const version = key.readUnsigned();
  const scalar = key.read(derTag.octetString);
  if (version !== 1 || scalar.length !== scalarLength) throw malformedDer();
  const named = readTagged(key, derTag.context0);
  const curve = named && encodeHex(named.read(derTag.objectIdentifier));
  named?.end();
  const point = readTagged(key, derTag.context1);
  const publicKey = point?.readBits();
  point?.end();
  key.end();
  return { scalar, curve, publicKey };
}

function readTagged(key: DerReader, tag: number): DerReader | undefined {
  return key.nextIs(tag) ? key.readSequence(tag) : undefined;
}

function isPoint(curve: SigningCurve, stated: Uint8Array, publicKey: EcdsaPublicKey): boolean {
  return equalBytes(stated, publicKey) || equalBytes(stated, decompressEcdsaPublicKey(curve, publicKey));
}

function curveOf(identifier: string | undefined): SigningCurve | undefined {
  return identifier !== undefined && Object.hasOwn(curves, identifier) ? curves[identifier] : undefined;
}
