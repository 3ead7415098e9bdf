import { x25519KeyOfEd25519 } from '../crypto/x25519.ts';
import { HanaperError } from '../errors.ts';
import { encodeDidKey, encodeX25519Multibase } from './did-key.ts';
import { readKeyMaterial } from './key-material.ts';
import type { PublicKey } from './public-key.ts';

/** What a key of a DID may be used for (DID Core 1.0, section 5.3), but key agreement. */
export type VerificationPurpose = (typeof purposes)[number];

/**
 * A DID document (DID Core 1.0, section 5) with one key, which may be used for everything that is signed, and where that
 * is one of Ed25519 the key of X25519 that belongs to it, to which secrets are sealed.
 */
export interface DidDocument {
  readonly '@context': readonly string[];
  readonly id: string;
  readonly verificationMethod: readonly MultikeyMethod[];
  readonly authentication: readonly string[];
  readonly assertionMethod: readonly string[];
  readonly capabilityInvocation: readonly string[];
  readonly capabilityDelegation: readonly string[];
  readonly keyAgreement?: readonly MultikeyMethod[];
}

/** A key in a document (Controlled Identifiers 1.0, section 2.2.2). */
export interface MultikeyMethod {
  readonly id: string;
  readonly type: 'Multikey';
  readonly controller: string;
  /** Base58btc, with the multicodec of its kind: what follows `did:key:`. */
  readonly publicKeyMultibase: string;
}

/** A key that a document names for its subject. */
export interface VerificationMethod {
  /** The DID, `#` and the fragment that selects this key. */
  readonly id: string;
  readonly publicKey: PublicKey;
  readonly purposes: readonly VerificationPurpose[];
}

/** What a document may hold. */
export const didDocumentLimits: Readonly<Record<'bytes' | 'methods' | 'idCharacters', number>> = {
  bytes: 64 * 1024,
  /** In the document, and in each of its lists. */
  methods: 32,
  /** Of a key's id, besides those of the DID. */
  idCharacters: 1024,
};

const purposes = ['authentication', 'assertionMethod', 'capabilityInvocation', 'capabilityDelegation'] as const;
const didKey = 'did:key:';

type Members = Readonly<Record<string, unknown>>;

/** The document of a did:key (did:key v0.9, section 3.1.1), or of another DID that has this one key. */
export function createDidDocument(subject: PublicKey | { did: string; publicKey: PublicKey }): DidDocument {
  const publicKey = 'publicKey' in subject ? subject.publicKey : subject;
  const own = encodeDidKey(publicKey);
  const did = 'did' in subject ? subject.did : own;
  const publicKeyMultibase = own.slice(didKey.length);
  const method = multikeyOf(did, publicKeyMultibase);
  const { id } = method;
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    verificationMethod: [method],
    authentication: [id],
    assertionMethod: [id],
    capabilityInvocation: [id],
    capabilityDelegation: [id],
    ...(publicKey.type === 'ed25519' && {
      keyAgreement: [multikeyOf(did, encodeX25519Multibase(x25519KeyOfEd25519(publicKey.bytes)))],
    }),
  };
}

function multikeyOf(did: string, publicKeyMultibase: string): MultikeyMethod {
  return { id: `${did}#${publicKeyMultibase}`, type: 'Multikey', controller: did, publicKeyMultibase };
}

/**
 * The keys that the document of `did` names for it: `Multikey`, `JsonWebKey`, and the older types
 * `Ed25519VerificationKey2018` and `2020` and `EcdsaSecp256k1VerificationKey2019`, of the kinds that are known here.
 * Keys of other kinds, of other controllers, and under ids of another DID are passed over, and so is all else that a
 * document says: `alsoKnownAs` grants nothing, and keys for agreement sign nothing.
 *
 * @throws HanaperError `bad_input`, also where a key of a known kind is malformed or weak
 */
export function readDidDocument(json: unknown, did: string): readonly VerificationMethod[] {
  if (!isObject(json)) throw invalid('it is no JSON object');
  if (json['id'] !== did) throw invalid('its id is another DID');
  const methods = new Map<string, { method: Members; purposes: VerificationPurpose[] }>();
  const add = (method: Members) => {
    const id = absoluteId(method['id'], did);
    if (methods.has(id)) throw invalid('two of its keys have one id');
    if (methods.size === didDocumentLimits.methods) throw invalid(`it has more than ${didDocumentLimits.methods} keys`);
    const added = { method, purposes: [] };
    methods.set(id, added);
    return added;
  };
  for (const method of readList(json, 'verificationMethod')) {
    if (!isObject(method)) throw invalid('a verification method is no object');
    add(method);
  }
  for (const purpose of purposes) {
    for (const entry of readList(json, purpose)) {
      const method = isObject(entry) ? add(entry) : methods.get(absoluteId(entry, did));
      method?.purposes.push(purpose);
    }
  }
  return [...methods].flatMap(([id, { method, purposes }]) => {
    const publicKey = readMethod(method, id, did);
    return publicKey ? [{ id, publicKey, purposes: [...new Set(purposes)] }] : [];
  });
}

/** Those of the keys that a DID or DID URL means: all of them, or the one that its fragment selects. */
export function selectVerificationMethods(
  methods: readonly VerificationMethod[],
  didUrl: string,
): readonly VerificationMethod[] {
  return didUrl.includes('#') ? methods.filter(({ id }) => id === didUrl) : methods;
}

function readMethod(method: Members, id: string, did: string): PublicKey | undefined {
  if (method['controller'] !== did || !id.startsWith(`${did}#`)) return undefined;
  try {
    return readKeyMaterial(method);
  } catch (error) {
    throw invalid('one of its keys is malformed or weak', error);
  }
}

function readList(document: Members, name: string): readonly unknown[] {
  const list = document[name] ?? [];
  if (!Array.isArray(list)) throw invalid(`${name} is no list`);
  if (list.length > didDocumentLimits.methods)
    throw invalid(`${name} has more than ${didDocumentLimits.methods} entries`);
  return list;
}

// DID Core 1.0, section 3.2.2: a relative DID URL is resolved against the document's own.
function absoluteId(id: unknown, did: string): string {
  if (typeof id !== 'string' || id.length > did.length + didDocumentLimits.idCharacters)
    throw invalid('a key has no id, or a long one');
  return id.startsWith('#') ? did + id : id;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(why: string, cause?: unknown): HanaperError {
  return new HanaperError('bad_input', `This DID document cannot be used: ${why}.`, { reason: why }, cause);
}
