import { CID } from 'multiformats/cid';
import type { Budget } from '../../budget.ts';
import { decodeBase64Url, encodeUtf8 } from '../../bytes.ts';
import { decodeDidKeyToVerify, isAsLongAs, isDidKey } from '../../did/did-key.ts';
import { type SigningKeyType, verifyWithKey } from '../../did/public-key.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import { drawForSignature } from '../token/verified.ts';
import { type LegacyCapability, readAttenuations, readCapabilities } from './legacy-capabilities.ts';
import { LegacyFields, wrong } from './legacy-fields.ts';

/**
 * A token of UCAN 0.8 to 0.10, read strictly; its signature is not verified yet. It is no delegation: nothing accepts it
 * for authorisation, and neither its time nor its proofs are judged.
 */
export interface LegacyToken {
  /** `ucv`, like `0.8.1`. */
  readonly version: string;
  /** The kind of key that `alg` names. */
  readonly keyType: SigningKeyType;
  /** `iss`: a DID. */
  readonly issuer: string;
  /** `aud`: a DID. */
  readonly audience: string;
  /** `exp`, in seconds since 1970; null: never. */
  readonly expiration: number | null;
  /** `nbf`, in seconds since 1970. */
  readonly notBefore?: number;
  /** `att`, or `cap` of 0.10. */
  readonly capabilities: readonly LegacyCapability[];
  /** `prf`: whole tokens (0.8), or CIDs. */
  readonly proofs: readonly string[];
  /** The token as it came. */
  readonly raw: string;
}

const keyTypes: Readonly<Record<string, SigningKeyType>> = { EdDSA: 'ed25519', ES256: 'p256', ES256K: 'secp256k1' };
const versionInHeader = /^0\.[89](\.\d{1,9})?(-[\dA-Za-z.-]{1,32})?$/;
// A semantic version (UCAN 0.10, section 3.2.1), of three numbers; the earlier ones were also written with two.
const versionInPayload = /^0\.10\.\d{1,9}(-[\dA-Za-z.-]{1,32})?$/;
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const maxProofs = 1000;
const signatureLength = 64;

/**
 * Reads a token of UCAN 0.8, 0.9 or 0.10: a JWT (RFC 7519) in its one base64url spelling, of at most 256 KiB. Rules of
 * time, of proofs and of attenuation are not applied: a token that has expired is read like any other.
 *
 * @throws HanaperError `malformed_token` with the field; the message holds nothing of the token; `too_large` where the
 *   budget ends
 */
export function decodeLegacyToken(text: string, budget?: Budget): LegacyToken {
  if (text.length > limits.tokenBytes) {
    throw malformedToken(`is larger than ${limits.tokenBytes} bytes`, { field: 'token' });
  }
  const [first, second, third, ...others] = text.split('.', 4);
  if (first === undefined || second === undefined || third === undefined || others.length > 0) {
    throw malformedToken('is no JWT, which has three parts', { field: 'token' });
  }
  const header = new LegacyFields('header', first, budget);
  const keyType = readKeyType(header);
  const payload = new LegacyFields('payload', second, budget);
  if (decodeBase64Url(third)?.length !== signatureLength) {
    throw malformedToken(`has a signature that is not ${signatureLength} bytes in base64url`, { field: 'signature' });
  }
  return { keyType, ...readClaims(header, payload, budget), raw: text };
}

/**
 * Whether the token's signature is that of the did:key in `iss`; false for any other DID, whose key is not known.
 *
 * @throws HanaperError `too_large` where the budget ends
 */
export async function verifyLegacySignature({ issuer, keyType, raw }: LegacyToken, budget?: Budget): Promise<boolean> {
  const end = raw.lastIndexOf('.');
  const signature = decodeBase64Url(raw.slice(end + 1));
  if (signature === undefined || !isAsLongAs(keyType, issuer)) return false;
  drawForSignature(keyType, budget);
  const key = decodeDidKeyToVerify(issuer);
  return key.type === keyType && (await verifyWithKey(key, encodeUtf8(raw.slice(0, end)), signature));
}

function readKeyType(header: LegacyFields): SigningKeyType {
  header.requireKnown('alg', 'typ', 'ucv');
  if (header.text('typ') !== 'JWT') throw wrong('typ', 'is not "JWT"');
  const algorithm = header.text('alg');
  const keyType = Object.hasOwn(keyTypes, algorithm) ? keyTypes[algorithm] : undefined;
  if (keyType) return keyType;
  if (algorithm === 'RS256') throw wrong('alg', 'is RS256, which is not supported');
  throw wrong('alg', `is not one of ${Object.keys(keyTypes).join(', ')}`);
}

function readClaims(
  header: LegacyFields,
  payload: LegacyFields,
  budget?: Budget,
): Omit<LegacyToken, 'keyType' | 'raw'> {
  const claims = header.has('ucv') ? readOldClaims(header, payload) : readNewClaims(payload);
  const notBefore = payload.optional('nbf', () => payload.time('nbf'));
  payload.optional('nnc', () => payload.text('nnc'));
  return {
    ...claims,
    issuer: readIssuer(payload, budget),
    audience: payload.did('aud'),
    expiration: payload.value('exp') === null ? null : payload.time('exp'),
    ...(notBefore !== undefined && { notBefore }),
  };
}

type Versioned = Pick<LegacyToken, 'version' | 'capabilities' | 'proofs'>;

// UCAN 0.8 and 0.9, section 3.
function readOldClaims(header: LegacyFields, payload: LegacyFields): Versioned {
  const version = requireVersion(header, versionInHeader);
  payload.requireKnown('iss', 'aud', 'nbf', 'exp', 'nnc', 'fct', 'att', 'prf');
  payload.optional('fct', () => payload.list('fct', Number.POSITIVE_INFINITY));
  const mayHoldTokens = version.startsWith('0.8');
  return { version, capabilities: readAttenuations(payload), proofs: readProofs(payload, mayHoldTokens) };
}

// UCAN 0.10, section 3.
function readNewClaims(payload: LegacyFields): Versioned {
  const version = requireVersion(payload, versionInPayload);
  payload.requireKnown('ucv', 'iss', 'aud', 'nbf', 'exp', 'nnc', 'fct', 'cap', 'prf');
  payload.requireNoNull('nbf', 'nnc', 'fct', 'prf');
  payload.optional('fct', () => payload.map('fct'));
  const proofs = payload.optional('prf', () => readProofs(payload, false)) ?? [];
  return { version, capabilities: readCapabilities(payload), proofs };
}

function requireVersion(fields: LegacyFields, known: RegExp): string {
  const version = fields.text('ucv');
  if (known.test(version)) return version;
  throw wrong('ucv', 'is no version of 0.8 or 0.9 in the header, or of 0.10 in the payload');
}

function readIssuer(payload: LegacyFields, budget?: Budget): string {
  const issuer = payload.did('iss');
  // To decode the key of a did:key can take as long as to verify by it.
  drawForSignature(isAsLongAs('rsa', issuer) ? 'rsa' : 'ed25519', budget);
  if (!issuer.startsWith('did:key:') || isDidKey(issuer)) return issuer;
  throw wrong('iss', 'is no did:key of a kind that is known here');
}

function readProofs(payload: LegacyFields, mayHoldTokens: boolean): readonly string[] {
  return payload.list('prf', maxProofs).map((proof, index) => {
    if (typeof proof === 'string' && ((mayHoldTokens && jwt.test(proof)) || isCid(proof))) return proof;
    throw wrong(`prf[${index}]`, mayHoldTokens ? 'is neither a token nor a CID' : 'is no CID');
  });
}

function isCid(text: string): boolean {
  try {
    return text.length <= 128 && CID.parse(text) instanceof CID;
  } catch {
    return false;
  }
}
