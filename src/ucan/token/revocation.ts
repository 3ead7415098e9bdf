import type { CID } from 'multiformats/cid';
import { ecdsaSignatureLength, malleateEcdsa } from '../../crypto/ecdsa.ts';
import { type OptionNames, requireKnownOptions } from '../../options.ts';
import { computeCid } from '../encoding/cid.ts';
import { malformedToken } from '../malformed.ts';
import type { Envelope, UcanVersion } from './envelope.ts';
import { requireTokenCid, requireTokenCids } from './fields.ts';
import { type Invocation, signInvocation } from './invocation.ts';
import type { Signer } from './signer.ts';

/** The command of a revocation. */
export const revokeCommand = '/ucan/revoke';

/** What a revocation says; whether it counts is judged in each chain that its target stands in. */
export interface Revocation {
  readonly invocation: Invocation;
  /** The delegation that is revoked. */
  readonly target: CID;
  /** A chain that ends in the target, from its root on: shows that the revoker issued one above it. */
  readonly path: readonly CID[];
  /** On whose power: the subject of the invocation. */
  readonly revokedBy: string;
  readonly reason?: string;
}

/** What goes into a revocation, beside its issuer. */
export interface RevocationClaims {
  readonly target: CID;
  readonly path?: readonly CID[] | undefined;
  /** Default: the issuer itself; another one must have delegated `/ucan/revoke`, shown by `proofs`. */
  readonly subject?: string | undefined;
  readonly proofs?: readonly CID[] | undefined;
  /** Who shall take note of it. */
  readonly audience?: string | undefined;
  readonly reason?: string | undefined;
  /** Default: `1.0.0-rc.1`. */
  readonly version?: UcanVersion | undefined;
}

const argNames = ['revoke', 'path'];
const maxReasonCharacters = 1024;

const claimNames: OptionNames<RevocationClaims> = {
  target: true,
  path: true,
  subject: true,
  proofs: true,
  audience: true,
  reason: true,
  version: true,
};

/**
 * Makes and signs a revocation (UCAN revocation 1.0): an invocation of `/ucan/revoke` with an empty nonce and no expiry.
 *
 * @throws HanaperError `bad_input`, `malformed_token`
 */
export async function signRevocation(signer: Signer, claims: RevocationClaims): Promise<Invocation> {
  requireKnownOptions('signRevocation', claims, claimNames);
  const { target, path = [], subject = signer.did, proofs, audience, reason, version } = claims;
  return signInvocation(signer, {
    subject,
    audience,
    proofs,
    version,
    command: revokeCommand,
    args: path.length > 0 ? { revoke: target, path } : { revoke: target },
    nonce: new Uint8Array(0),
    expiration: null,
    ...(reason !== undefined && { meta: { reason } }),
  });
}

/**
 * What an invocation of `/ucan/revoke` says.
 *
 * @throws HanaperError `malformed_token` where it is another invocation
 */
export function readRevocation(invocation: Invocation): Revocation {
  const { command, args, subject, meta } = invocation;
  if (command !== revokeCommand) throw malformedToken('is no revocation', { field: 'cmd' });
  const unknown = Object.keys(args).find((name) => !argNames.includes(name));
  if (unknown !== undefined) throw malformedToken('has arguments that a revocation has not', { field: 'args' });
  const reason = meta?.['reason'];
  return {
    invocation,
    target: requireTokenCid(args['revoke'], 'args.revoke'),
    path: args['path'] === undefined ? [] : requireTokenCids(args['path'], 'args.path'),
    revokedBy: subject,
    ...(typeof reason === 'string' && {
      reason: reason
        .replaceAll('\u0000', '')
        .slice(0, maxReasonCharacters)
        .replace(/[\ud800-\udbff]$/, ''),
    }),
  };
}

/**
 * Every CID under which a token can be known. ECDSA signatures come in pairs, s and n − s: anyone who holds a token
 * can make its twin, which a revocation of the one must stop as well.
 */
export function cidsOf({
  cid,
  bytes,
  envelope: { keyType, signature, signed },
}: {
  readonly cid: CID;
  readonly bytes: Uint8Array;
  readonly envelope: Envelope;
}): readonly CID[] {
  // Of Ed25519 and of RSA one message has one signature that verifies.
  if (keyType === 'ed25519' || keyType === 'rsa' || signature.length !== ecdsaSignatureLength(keyType)) return [cid];
  const twin = new Uint8Array(bytes);
  twin.set(malleateEcdsa(keyType, signature), bytes.length - signed.length - signature.length);
  return [cid, computeCid(twin)];
}
