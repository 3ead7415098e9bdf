import { HanaperError } from '../errors.ts';
import { decodeDidKey, encodeDidKey } from './did-key.ts';
import { decodePublicJwk, isKnownJwk } from './jwk.ts';
import type { PublicKey } from './public-key.ts';

/** What a key of a DID may be used for (DID Core 1.0, section 5.3), without key agreement. */
export type VerificationPurpose = (typeof purposes)[number];

/** A DID document (DID Core 1.0, section 5) with one key, which may be used for everything that is signed. */
export interface DidDocument {
  readonly '@context': readonly string[];
  readonly id: string;
  readonly verificationMethod: readonly MultikeyMethod[];
  readonly authentication: readonly string[];
  readonly assertionMethod: readonly string[];
  readonly capabilityInvocation: readonly string[];
  readonly capabilityDelegation: readonly string[];
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
  /** In each list of the document. */
  methods: 32,
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
  const id = `${did}#${publicKeyMultibase}`;
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    verificationMethod: [{ id, type: 'Multikey', controller: did, publicKeyMultibase }],
    authentication: [id],
    assertionMethod: [id],
    capabilityInvocation: [id],
    capabilityDelegation: [id],
  };
}

/**
 * The keys that the document of `did` names for it: `Multikey` and `JsonWebKey`, of the kinds that are known here.
 * Keys of other kinds, of other controllers, and under ids of another DID are passed over, and so is all else that a
 * document says: `alsoKnownAs` grants nothing.
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
  const { type, publicKeyMultibase, publicKeyJwk } = method;
  try {
    if (type === 'Multikey') return readMultikey(publicKeyMultibase);
    const isJwk = type === 'JsonWebKey' || type === 'JsonWebKey2020';
    return isJwk && isKnownJwk(publicKeyJwk) ? decodePublicJwk(publicKeyJwk) : undefined;
  } catch (error) {
    throw invalid('one of its keys is malformed or weak', error);
  }
}

function readMultikey(multibase: unknown): PublicKey | undefined {
  if (typeof multibase !== 'string') throw invalid('a Multikey has no publicKeyMultibase');
  try {
    return decodeDidKey(didKey + multibase);
  } catch (error) {
    if (error instanceof HanaperError && error.code === 'bad_input') return undefined;
    throw error;
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
  if (typeof id !== 'string' || id.length > didDocumentLimits.idCharacters)
    throw invalid('a key has no id, or a long one');
  return id.startsWith('#') ? did + id : id;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(why: string, cause?: unknown): HanaperError {
  return new HanaperError('bad_input', `This DID document cannot be used: ${why}.`, { reason: why }, cause);
}
