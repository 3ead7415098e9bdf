import { createHash } from 'node:crypto';
import type { CID } from 'multiformats/cid';
import { ecdsaPublicKeyOf, signEcdsa } from '../../src/crypto/ecdsa.ts';
import { publicKeyOf, sign } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { encodeDidKey } from '../../src/did/did-key.ts';
import type { PublicKey, SigningKeyType } from '../../src/did/public-key.ts';
import {
  type ChainContext,
  cidKey,
  type Delegation,
  type DelegationClaims,
  encodeVarsig,
  type Invocation,
  type InvocationClaims,
  proofsFrom,
  type RevocationRecord,
  type Signer,
  signDelegation,
  signInvocation,
} from '../../src/ucan/index.ts';
import { Cbor, list, map, type Raw } from './cbor.ts';

/** The moment at which every test of tokens takes place, in seconds. */
export const now = 1_767_225_600;
/** An hour later. */
export const later: number = now + 3600;
/** The three kinds of keys. */
export const keyTypes: readonly SigningKeyType[] = ['ed25519', 'p256', 'secp256k1'];

/** Somebody with a key, which is always the same for the same name. */
export interface Principal extends Signer {
  readonly publicKey: PublicKey;
  readonly privateKey: Uint8Array<ArrayBuffer>;
}

/** The principal of a private key. */
export async function principalOf(keyType: SigningKeyType, privateKey: Uint8Array): Promise<Principal> {
  const secret = Secret.copyOf(privateKey);
  const publicKey: PublicKey =
    keyType === 'ed25519'
      ? { type: keyType, bytes: await publicKeyOf(secret) }
      : { type: keyType, bytes: await ecdsaPublicKeyOf(keyType, secret) };
  return {
    did: encodeDidKey(publicKey),
    keyType,
    publicKey,
    privateKey: new Uint8Array(privateKey),
    sign: (message) => (keyType === 'ed25519' ? sign(secret, message) : signEcdsa(keyType, secret, message)),
  };
}

/** A principal by name. */
export function principal(name: string, keyType: SigningKeyType = 'ed25519'): Promise<Principal> {
  return principalOf(keyType, createHash('sha256').update(`${keyType} ${name}`).digest());
}

/** Several principals by name. */
export function principals(...names: readonly string[]): Promise<Principal[]> {
  return Promise.all(names.map((name) => principal(name)));
}

/** A delegation of `/` about the issuer itself, unless told otherwise. */
export function delegate(
  issuer: Signer,
  audience: Pick<Signer, 'did'>,
  claims: Partial<DelegationClaims> = {},
): Promise<Delegation> {
  return signDelegation(issuer, {
    audience: audience.did,
    subject: issuer.did,
    command: '/',
    expiration: null,
    ...claims,
  });
}

/** An invocation of `/package/sign`, unless told otherwise. */
export function invoke(
  issuer: Signer,
  subject: Pick<Signer, 'did'>,
  proofs: readonly Delegation[] = [],
  claims: Partial<InvocationClaims> = {},
): Promise<Invocation> {
  return signInvocation(issuer, {
    subject: subject.did,
    command: '/package/sign',
    args: {},
    proofs: proofs.map(({ cid }) => cid),
    expiration: later,
    ...claims,
  });
}

/** What a chain of these delegations is checked against: nothing revoked, at {@link now}. */
export function contextOf(delegations: Iterable<Delegation>, changes: Partial<ChainContext> = {}): ChainContext {
  return { resolveProof: proofsFrom(delegations), revocationsOf: () => [], now, ...changes };
}

/** Revocations by the CID of what they revoke. */
export function revocationsOf(
  ...records: readonly (readonly [CID, string])[]
): (cid: CID) => readonly RevocationRecord[] {
  return (cid) => records.filter(([target]) => cidKey(target) === cidKey(cid)).map(([, revokedBy]) => ({ revokedBy }));
}

/** A chain, its root first, and what its last audience invokes. */
export interface TestChain {
  readonly people: readonly Principal[];
  readonly delegations: readonly Delegation[];
  readonly invocation: Invocation;
  readonly context: ChainContext;
}

/** A chain of `length` delegations about the first of its people; `change` gives claims to the link of an index. */
export async function chainOf(
  length: number,
  change: (index: number) => Partial<DelegationClaims> = () => ({}),
  claims: Partial<InvocationClaims> = {},
): Promise<TestChain> {
  const people = await principals(...Array.from({ length: length + 1 }, (_, i) => `person ${i}`));
  const [root] = people;
  const invoker = people.at(-1);
  if (root === undefined || invoker === undefined) throw new TypeError('a chain has people');
  const delegations = await Promise.all(
    people.slice(0, -1).map((issuer, i) => {
      const audience = people[i + 1] ?? issuer;
      return delegate(issuer, audience, { subject: root.did, command: '/package', ...change(i) });
    }),
  );
  const invocation = await invoke(invoker, root, delegations, claims);
  return { people, delegations, invocation, context: contextOf(delegations) };
}

/** The fields of a payload as they are written; `undefined` leaves one out. */
export type RawFields = Readonly<Record<string, Raw | undefined>>;

/** The fields of a delegation in good order. */
export function delegationFields(issuer: string, audience: string): RawFields {
  return { iss: issuer, aud: audience, sub: issuer, cmd: '/', pol: [], nonce: new Uint8Array(12), exp: null };
}

/** The fields of an invocation in good order. */
export function invocationFields(issuer: string): RawFields {
  return { iss: issuer, sub: issuer, cmd: '/a', args: map({}), prf: [], nonce: new Uint8Array(12), exp: null };
}

/** How a raw token may differ from what it should be. */
export interface RawEnvelope {
  readonly tag?: string;
  readonly header?: Uint8Array;
  readonly signature?: Uint8Array;
}

/** A token over any payload whatever, well signed. */
export async function signRaw(
  signer: Signer,
  fields: RawFields | Raw,
  { tag = 'ucan/dlg@1.0.0-rc.1', header = encodeVarsig(signer.keyType), signature }: RawEnvelope = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const covered = map({ h: header, [tag]: isFields(fields) ? map(fields) : fields });
  return list([signature ?? (await signer.sign(covered.bytes)), covered]).bytes;
}

/** A raw delegation with `changes`. */
export function rawDelegation(signer: Signer, changes: RawFields, envelope?: RawEnvelope): Promise<Uint8Array> {
  return signRaw(signer, { ...delegationFields(signer.did, signer.did), ...changes }, envelope);
}

/** A raw invocation with `changes`. */
export function rawInvocation(signer: Signer, changes: RawFields, envelope?: RawEnvelope): Promise<Uint8Array> {
  const tag = 'ucan/inv@1.0.0-rc.1';
  return signRaw(signer, { ...invocationFields(signer.did), ...changes }, { tag, ...envelope });
}

/** The token with another signature. */
export function resign(token: Pick<Delegation | Invocation, 'envelope'>, signature: Uint8Array): Uint8Array {
  return list([signature, new Cbor(token.envelope.signed)]).bytes;
}

function isFields(fields: RawFields | Raw): fields is RawFields {
  return typeof fields === 'object' && fields !== null && Object.getPrototypeOf(fields) === Object.prototype;
}
