import { base58btc } from 'multiformats/bases/base58';
import { requireRefusal } from '../attempt.ts';
import { decodeHex } from '../bytes.ts';
import { importEcdsaPublicKey } from '../crypto/ecdsa.ts';
import { importPublicKey } from '../crypto/ed25519.ts';
import { HanaperError } from '../errors.ts';
import { decodeDidKey } from './did-key.ts';
import { decodePublicJwk, isKnownJwk } from './jwk.ts';
import type { PublicKey } from './public-key.ts';

type Members = Readonly<Record<string, unknown>>;
type Form = keyof typeof readers;

/** What a type of verification method says about its key. */
interface Suite {
  /** The only type of key it may hold; where it is left out, keys of types that are not known here are passed over. */
  readonly keyType?: 'ed25519' | 'secp256k1';
  readonly forms: readonly Form[];
}

// Controlled Identifiers 1.0, section 2.2; lds-ed25519-2018, vc-di-eddsa and lds-ecdsa-secp256k1-2019, "Key Format".
const suites: Readonly<Record<string, Suite>> = {
  Multikey: { forms: ['publicKeyMultibase'] },
  JsonWebKey: { forms: ['publicKeyJwk'] },
  JsonWebKey2020: { forms: ['publicKeyJwk'] },
  Ed25519VerificationKey2018: {
    keyType: 'ed25519',
    forms: ['publicKeyBase58', 'publicKeyMultibase', 'publicKeyJwk'],
  },
  Ed25519VerificationKey2020: { keyType: 'ed25519', forms: ['publicKeyMultibase'] },
  EcdsaSecp256k1VerificationKey2019: {
    keyType: 'secp256k1',
    forms: ['publicKeyBase58', 'publicKeyMultibase', 'publicKeyJwk', 'publicKeyHex'],
  },
};

const readers = {
  publicKeyMultibase: readMultibase,
  publicKeyJwk: (jwk: unknown) => (isKnownJwk(jwk) ? decodePublicJwk(jwk) : undefined),
  publicKeyBase58: (text: unknown, { keyType }: Suite) => readRaw(decodeBase58(text), keyType),
  publicKeyHex: (text: unknown, { keyType }: Suite) => readRaw(decodeHexText(text), keyType),
} as const;

// Of a compressed point, 33 bytes, in base58btc.
const maxBase58Characters = 46;

/**
 * The public key of a verification method, in the forms that its type defines; `undefined` where the type is not known
 * here, or leaves the type of key open and holds one that is not.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function readKeyMaterial(method: Members): PublicKey | undefined {
  const { type } = method;
  const suite = typeof type === 'string' && Object.hasOwn(suites, type) ? suites[type] : undefined;
  if (suite === undefined) return undefined;
  // DID Core 1.0, section 5.2.1: a method does not express one key in two forms.
  const [form, second] = suite.forms.filter((each) => method[each] !== undefined);
  if (second !== undefined) throw malformed('it is stated in two forms');
  const key = form && readers[form](method[form], suite);
  if (suite.keyType !== undefined && key?.type !== suite.keyType) throw malformed(`it is no key of ${suite.keyType}`);
  if (type === 'Multikey' && form === undefined) throw malformed('it has no publicKeyMultibase');
  return key;
}

// The bytes follow their multicodec, as in a did:key.
function readMultibase(text: unknown): PublicKey | undefined {
  if (typeof text !== 'string') throw malformed('its publicKeyMultibase is no text');
  try {
    return decodeDidKey(`did:key:${text}`);
  } catch (error) {
    requireRefusal(error, 'bad_input');
    return undefined;
  }
}

// Bytes without a multicodec: the type of the method says what they are.
function readRaw(bytes: Uint8Array | undefined, keyType: Suite['keyType']): PublicKey | undefined {
  if (bytes === undefined) throw malformed('its text does not have its form');
  if (keyType === 'ed25519') return { type: keyType, bytes: importPublicKey(bytes) };
  return keyType && { type: keyType, bytes: importEcdsaPublicKey(keyType, bytes) };
}

function decodeBase58(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > maxBase58Characters) return undefined;
  try {
    return base58btc.baseDecode(text);
  } catch {
    return undefined;
  }
}

function decodeHexText(text: unknown): Uint8Array | undefined {
  return typeof text === 'string' ? decodeHex(text) : undefined;
}

function malformed(why: string): HanaperError {
  return new HanaperError('malformed_key', `A key of this document cannot be read: ${why}.`, { reason: why });
}
