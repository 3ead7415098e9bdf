import { encodeHex } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { DerReader, derTag, malformedDer } from './der.ts';

/** A private key in PKCS#8 (RFC 5958), whatever its algorithm. The bytes are views of those that were read. */
export interface PrivateKeyInfo {
  /** The algorithm's object identifier: its DER contents, in hex. */
  readonly algorithm: string;
  /** The object identifier that is the algorithm's parameter, likewise; `undefined` where it has none. */
  readonly parameter: string | undefined;
  /** The private key, as the algorithm writes it. */
  readonly privateKey: Uint8Array;
  /** The public key, which only version 1 holds. */
  readonly publicKey: Uint8Array | undefined;
}

/**
 * Reads PKCS#8: version 0 without a public key, or version 1 with one, in either encoding in use. No attributes.
 *
 * @throws HanaperError `malformed_key`
 */
export function readPrivateKeyInfo(der: Uint8Array): PrivateKeyInfo {
  const file = new DerReader(der);
  const info = file.readSequence();
  file.end();
  const version = info.readUnsigned();
  if (version > 1) throw malformedDer();
  const { algorithm, parameter } = readAlgorithm(info.readSequence());
  const privateKey = info.read(derTag.octetString);
  const publicKey = version === 1 ? readPublicKey(info) : undefined;
  info.end();
  return { algorithm, parameter, privateKey, publicKey };
}

function readAlgorithm(reader: DerReader): { algorithm: string; parameter: string | undefined } {
  const algorithm = encodeHex(reader.read(derTag.objectIdentifier));
  const parameter = reader.nextIs(derTag.objectIdentifier) ? reader.read(derTag.objectIdentifier) : undefined;
  reader.end();
  return { algorithm, parameter: parameter && encodeHex(parameter) };
}

function readPublicKey(info: DerReader): Uint8Array {
  if (info.nextIs(derTag.implicit1)) return info.readBits(derTag.implicit1);
  const explicit = info.readSequence(derTag.context1);
  const bits = explicit.readBits();
  explicit.end();
  return bits;
}

/** The error for a private key file that states another public key than its own. */
export function publicKeyMismatch(): HanaperError {
  return new HanaperError('malformed_key', 'The public key in this private key file is not that of its private key.', {
    reason: 'public key mismatch',
  });
}
