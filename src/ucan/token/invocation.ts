import type { CID } from 'multiformats/cid';
import { concatBytes } from '../../bytes.ts';
import { type OptionNames, requireKnownOptions } from '../../options.ts';
import { computeCid } from '../encoding/cid.ts';
import { encodeDagCbor } from '../encoding/dag-cbor.ts';
import type { IpldMap } from '../encoding/ipld.ts';
import { malformedToken } from '../malformed.ts';
import { payloadOf, type TokenClaims, tokenClaimNames } from './claims.ts';
import { decodeEnvelope, type Envelope, signEnvelope, type UcanVersion } from './envelope.ts';
import { FieldReader } from './fields.ts';
import type { Signer } from './signer.ts';
import { Token } from './token.ts';

/**
 * An invocation, read strictly from its bytes (UCAN invocation 1.0); its signature is not verified yet.
 * `decodeInvocation` alone makes one.
 */
export interface Invocation extends Token {
  readonly kind: 'invocation';
  readonly version: UcanVersion;
  readonly envelope: Envelope;
  /** The whole token, as it came. */
  readonly bytes: Uint8Array;
  readonly cid: CID;
  /** `iss`: who invokes. */
  readonly issuer: string;
  /** `sub`: on whose power. */
  readonly subject: string;
  /** `aud`: who shall execute it; left out, the subject. */
  readonly audience?: string;
  /** `cmd` */
  readonly command: string;
  readonly args: IpldMap;
  /** `prf`: the chain, from its root to the invoker. */
  readonly proofs: readonly CID[];
  /** Empty where doing it twice is doing it once. */
  readonly nonce: Uint8Array;
  /** Built from the token's bytes each time. */
  readonly meta?: IpldMap;
  /** `iat`, in seconds since 1970. */
  readonly issuedAt?: number;
  /** `exp`, in seconds since 1970; null: never. */
  readonly expiration: number | null;
  /** The receipt that led to this. */
  readonly cause?: CID;
}

/** What goes into an invocation, beside its issuer. */
export interface InvocationClaims extends TokenClaims {
  readonly subject: string;
  readonly args: unknown;
  readonly audience?: string | undefined;
  /** From the root to the invoker. Default: none, for the subject itself. */
  readonly proofs?: readonly CID[] | undefined;
  /** Seconds since 1970. */
  readonly issuedAt?: number | undefined;
  readonly cause?: CID | undefined;
}

const required = ['iss', 'sub', 'cmd', 'args', 'prf', 'nonce', 'exp'];
const optional = ['aud', 'meta', 'iat', 'cause'];

/**
 * Reads an invocation from the bytes of its token. From a stranger, read the envelope on a budget.
 *
 * @throws HanaperError `malformed_token` with the byte offset or the field
 */
export function decodeInvocation(bytes: Uint8Array): Invocation {
  return readInvocation(decodeEnvelope(bytes));
}

/**
 * Reads an invocation from its envelope.
 *
 * @throws HanaperError `malformed_token`
 */
export function readInvocation(envelope: Envelope): Invocation {
  if (envelope.kind !== 'invocation') throw malformedToken('is no invocation', { field: 'tag' });
  const fields = new FieldReader(envelope, required, optional);
  const { kind, version, bytes, cid } = envelope;
  return Token.from(
    {
      kind,
      version,
      envelope,
      bytes,
      cid,
      issuer: fields.did('iss'),
      subject: fields.did('sub'),
      ...fields.optional('aud', 'audience', (field) => fields.did(field)),
      command: fields.command(),
      args: fields.map('args'),
      proofs: fields.cids('prf'),
      nonce: fields.nonce(),
      ...fields.optional('iat', 'issuedAt', (field) => fields.time(field)),
      expiration: fields.expiration(),
      ...fields.optional('cause', 'cause', (field) => fields.cid(field)),
    },
    fields.has('meta') ? fields.lazyMap('meta') : undefined,
  );
}

const claimNames: OptionNames<InvocationClaims> = {
  ...tokenClaimNames,
  subject: true,
  args: true,
  audience: true,
  proofs: true,
  issuedAt: true,
  cause: true,
};

/**
 * Makes and signs an invocation.
 *
 * @throws HanaperError `bad_input` or `malformed_token` naming what is not as it must be
 * @example
 * const invocation = await signInvocation(signer, {
 *   subject, command: '/package/sign', args: { name: 'plugin.wasm', hash }, proofs: [delegation.cid], expiration,
 * });
 */
export async function signInvocation(signer: Signer, claims: InvocationClaims): Promise<Invocation> {
  requireKnownOptions('signInvocation', claims, claimNames);
  const { subject: sub, args, audience: aud, proofs: prf = [], issuedAt: iat, cause, version } = claims;
  const payload = payloadOf(signer, claims, { required: { sub, prf }, optional: { aud, iat, cause }, maps: { args } });
  return decodeInvocation(await signEnvelope({ kind: 'invocation', version }, payload, signer));
}

/**
 * The id of what is to be done, the same for every caller: the CID of `{sub, cmd, args, nonce}` (UCAN invocation 1.0,
 * "Task"), over the bytes that these fields have in the token.
 */
export function taskCidOf({ envelope }: Invocation): CID {
  const { fields, signed } = envelope;
  // In the order of DAG-CBOR: by length, then by bytes.
  const task = ['cmd', 'sub', 'args', 'nonce'].flatMap((field) => {
    const { start, end } = fields.get(field) ?? { start: 0, end: 0 };
    return [encodeDagCbor(field), signed.subarray(start, end)];
  });
  return computeCid(concatBytes(Uint8Array.of(0xa4), ...task));
}
