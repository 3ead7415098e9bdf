import { attempt } from '../attempt.ts';
import { concatBytes, decodeBase64, decodeBase64Url, encodeBase64, encodeUtf8 } from '../bytes.ts';
import { malformedSignature, readFields, readString } from './malformed.ts';

/** A DSSE envelope (secure-systems-lab/dsse, protocol and envelope v1) with one signature, as it stands in a `.sig` file. */
export interface DsseEnvelope<PayloadType extends string = typeof packagePayloadType> {
  readonly payload: string;
  readonly payloadType: PayloadType;
  readonly signatures: readonly [{ readonly keyid?: string; readonly sig: string }];
}

/** The parts of an envelope that verification reads. */
export interface DecodedEnvelope {
  /** The payload: the bytes that were signed, and the only ones that are read. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /** A hint that is not signed. */
  readonly keyid?: string;
}

/** Which envelopes are read: of one type of payload, up to a length in bytes. */
export interface EnvelopeBounds {
  readonly payloadType: string;
  readonly maxPayloadLength: number;
}

const packagePayloadType = 'application/vnd.in-toto+json';
const packageBounds: EnvelopeBounds = { payloadType: packagePayloadType, maxPayloadLength: 64 * 1024 };
const signatureLength = 64;

/** Signatures in one envelope, and in a `.sig` file, at most. */
export const maxSignatures = 16;

/**
 * What the key signs: the pre-authentication encoding `DSSEv1 …` (DSSE protocol, section "Signature Definition"). The type
 * of the payload, ASCII, is that of package statements unless another is said.
 */
export function preAuthenticationEncoding(
  payload: Uint8Array,
  payloadType: string = packagePayloadType,
): Uint8Array<ArrayBuffer> {
  return concatBytes(encodeUtf8(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload);
}

/** Wraps the statement of a package and its signature. */
export function encodeEnvelope(payload: Uint8Array, signature: Uint8Array, keyid: string): DsseEnvelope {
  return encodeEnvelopeOf(packagePayloadType, payload, signature, keyid);
}

/** Wraps a payload of another type, and its signature. */
export function encodeEnvelopeOf<PayloadType extends string>(
  payloadType: PayloadType,
  payload: Uint8Array,
  signature: Uint8Array,
  keyid: string,
): DsseEnvelope<PayloadType> {
  return { payload: encodeBase64(payload), payloadType, signatures: [{ keyid, sig: encodeBase64(signature) }] };
}

/**
 * Reads an envelope that came from outside: that of a package statement, unless other bounds are said.
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeEnvelope(value: unknown, bounds: EnvelopeBounds = packageBounds): DecodedEnvelope {
  const { payloadType, maxPayloadLength } = bounds;
  const envelope = readFields(value, 'the envelope', ['payload', 'payloadType', 'signatures']);
  readString(envelope['payloadType'], 'payloadType', payloadType.length, (text) => text === payloadType);
  const signatures = envelope['signatures'];
  if (!Array.isArray(signatures) || signatures.length !== 1) {
    throw malformedSignature('does not have exactly one signature in its envelope');
  }
  return {
    payload: decodeAnyBase64(envelope['payload'], 'payload', maxPayloadLength),
    ...readSignature(signatures[0]),
  };
}

/** An envelope of one signature or several: the payload is read once for all of them. */
export interface DecodedSignatures {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** 64 bytes each. */
  readonly signatures: readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]];
}

/**
 * Reads the envelope of a package statement with all of its signatures that an Ed25519 key can have made.
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeSignatureEnvelope(value: unknown): DecodedSignatures {
  const [first, ...others] = splitEnvelope(value);
  const { payload, signature } = decodeEnvelope(first);
  return { payload, signatures: [signature, ...others.map((each) => readSignature(each.signatures[0]).signature)] };
}

/**
 * Splits an envelope of several signatures into envelopes of one each, over the same payload. A signature that no Ed25519 key
 * can have made is another verifier's, and left out where there are others. What is no such envelope stays as it is.
 *
 * @throws HanaperError `malformed_signature` where it has more than 16
 */
export function splitEnvelope(value: unknown): readonly [unknown, ...SplitEnvelope[]] {
  if (typeof value !== 'object' || value === null || !('signatures' in value)) return [value];
  const { signatures } = value;
  if (!Array.isArray(signatures) || signatures.length < 2) return [value];
  if (signatures.length > maxSignatures) throw malformedSignature(`has more than ${maxSignatures} signatures`);
  const usable = signatures.filter((each) => attempt(() => readSignature(each)) !== undefined);
  const toEnvelope = (each: unknown) => ({ ...value, signatures: [each] as const });
  const [first = signatures[0], ...others] = usable;
  return [toEnvelope(first), ...others.map(toEnvelope)];
}

/** How many signatures a document says that it has: those in an envelope, or one. */
export function countSignatures(value: unknown): number {
  const { signatures } = (value ?? {}) as { readonly signatures?: unknown };
  return Array.isArray(signatures) ? Math.max(1, signatures.length) : 1;
}

interface SplitEnvelope {
  readonly signatures: readonly [unknown];
}

// DSSE envelope, "Parsing rules": fields that are not known are passed over, here and in the envelope itself.
function readSignature(value: unknown): Omit<DecodedEnvelope, 'payload'> {
  const { sig, keyid } = readFields(value, 'the envelope signature', ['sig']);
  const signature = decodeAnyBase64(sig, 'signature', signatureLength);
  if (signature.length !== signatureLength) {
    throw malformedSignature(`has a signature of ${signature.length} bytes, not 64`);
  }
  return { signature, ...(keyid === undefined ? {} : { keyid: readString(keyid, 'keyid', 1024) }) };
}

// DSSE lets a producer choose the standard or the URL-safe alphabet, and asks consumers to take both.
function decodeAnyBase64(value: unknown, what: string, maxLength: number): Uint8Array<ArrayBuffer> {
  const text = readString(value, what, Math.ceil(maxLength / 3) * 4);
  const bytes = decodeBase64(text) ?? decodeBase64Url(text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text);
  if (bytes === undefined) throw malformedSignature(`has a ${what} that is not base64`);
  return bytes;
}
