import type { CID } from 'multiformats/cid';
import { type OptionNames, requireKnownOptions } from '../../options.ts';
import type { IpldMap } from '../encoding/ipld.ts';
import { malformedToken } from '../malformed.ts';
import { type Policy, parsePolicy } from '../policy/policy.ts';
import { payloadOf, type TokenClaims, tokenClaimNames } from './claims.ts';
import { decodeEnvelope, type Envelope, signEnvelope, type UcanVersion } from './envelope.ts';
import { FieldReader } from './fields.ts';
import type { Signer } from './signer.ts';
import { Token } from './token.ts';

/**
 * A delegation, read strictly from its bytes (UCAN delegation 1.0); its signature is not verified yet.
 * `decodeDelegation` alone makes one.
 */
export interface Delegation extends Token {
  readonly kind: 'delegation';
  readonly version: UcanVersion;
  readonly envelope: Envelope;
  /** The whole token, as it came. */
  readonly bytes: Uint8Array;
  readonly cid: CID;
  /** `iss`: who delegates. */
  readonly issuer: string;
  /** `aud`: to whom. */
  readonly audience: string;
  /** `sub`: whose power it is; null for a powerline, which passes on whatever its issuer has. */
  readonly subject: string | null;
  /** `cmd` */
  readonly command: string;
  /** `pol` */
  readonly policy: Policy;
  readonly nonce: Uint8Array;
  /** Built from the token's bytes each time. */
  readonly meta?: IpldMap;
  /** `nbf`, in seconds since 1970. */
  readonly notBefore?: number;
  /** `exp`, in seconds since 1970; null: never. */
  readonly expiration: number | null;
}

/** What goes into a delegation, beside its issuer. */
export interface DelegationClaims extends TokenClaims {
  readonly audience: string;
  /** null makes a powerline. */
  readonly subject: string | null;
  /** Statements as UCAN writes them: `[['==', '.name', 'plugin.wasm']]`. Default: none. */
  readonly policy?: readonly unknown[] | undefined;
  /** Seconds since 1970. */
  readonly notBefore?: number | undefined;
}

const required = ['iss', 'aud', 'cmd', 'pol', 'nonce', 'exp'];
// A powerline's subject is null; one implementation leaves it out.
const optional = ['sub', 'meta', 'nbf'];

/**
 * Reads a delegation from the bytes of its token. From a stranger, read the envelope on a budget.
 *
 * @throws HanaperError `malformed_token` with the byte offset or the field
 */
export function decodeDelegation(bytes: Uint8Array): Delegation {
  return readDelegation(decodeEnvelope(bytes));
}

/**
 * Reads a delegation from its envelope.
 *
 * @throws HanaperError `malformed_token`
 */
export function readDelegation(envelope: Envelope): Delegation {
  if (envelope.kind !== 'delegation') throw malformedToken('is no delegation', { field: 'tag' });
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
      audience: fields.did('aud'),
      subject: (fields.value('sub') ?? null) === null ? null : fields.did('sub'),
      command: fields.command(),
      policy: parsePolicy(fields.value('pol') ?? null),
      nonce: fields.nonce(),
      ...fields.optional('nbf', 'notBefore', (field) => fields.time(field)),
      expiration: fields.expiration(),
    },
    fields.has('meta') ? fields.lazyMap('meta') : undefined,
  );
}

const claimNames: OptionNames<DelegationClaims> = {
  ...tokenClaimNames,
  audience: true,
  subject: true,
  policy: true,
  notBefore: true,
};

/**
 * Makes and signs a delegation.
 *
 * @throws HanaperError `bad_input` or `malformed_token` naming what is not as it must be
 * @example
 * const delegation = await signDelegation(signer, {
 *   audience, subject: signer.did, command: '/package/sign', policy: [['==', '.name', 'plugin.wasm']], expiration,
 * });
 */
export async function signDelegation(signer: Signer, claims: DelegationClaims): Promise<Delegation> {
  requireKnownOptions('signDelegation', claims, claimNames);
  const { audience: aud, subject: sub, policy: pol = [], notBefore: nbf, version } = claims;
  const payload = payloadOf(signer, claims, { required: { aud, sub, pol }, optional: { nbf } });
  return decodeDelegation(await signEnvelope({ kind: 'delegation', version }, payload, signer));
}
