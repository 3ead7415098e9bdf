import { encodeBase64, encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import type { IdentitySigner, SignedLogKey } from '../log/log-key.ts';
import { encodeEnvelopeOf, preAuthenticationEncoding } from '../signature/dsse.ts';
import { describeState, type TrustState } from './state.ts';

/** What a trust bundle says, beside the authority that signs it (docs/formats/trust-bundle.md). */
export interface BundleClaims {
  /** RFC 3339, UTC, milliseconds. */
  readonly issuedAt: string;
  /** The last moment at which it counts: RFC 3339, UTC, milliseconds. */
  readonly expiresAt: string;
  readonly state: TrustState;
  readonly log: SignedLogKey;
  /** The text of the signed note on which the bundle rests. */
  readonly checkpoint: string;
}

/** The type under which bundles are signed. */
export const bundlePayloadType = 'application/vnd.hanaper.trust-bundle+json';
/** What a bundle says that it is. */
export const bundleType = 'hanaper/v1/trust-bundle';
/** The longest bundle that is read, in bytes. */
export const maxBundleLength: number = 4 * 1024 * 1024;

/**
 * Makes and signs a trust bundle, in the name of its authority: the bytes of a `.trust` file.
 *
 * @throws HanaperError `too_large`
 */
export async function signBundle(identity: IdentitySigner, claims: BundleClaims): Promise<Uint8Array<ArrayBuffer>> {
  const { statement, signature: own } = claims.log;
  const log = { statement: encodeBase64(statement), signature: encodeBase64(own) };
  const payload = encodeUtf8(formatBundle(identity.did, claims, log));
  const signature = await identity.sign(preAuthenticationEncoding(payload, bundlePayloadType));
  const bundle = encodeUtf8(
    `${JSON.stringify(encodeEnvelopeOf(bundlePayloadType, payload, signature, identity.did))}\n`,
  );
  if (bundle.length > maxBundleLength) throw tooLarge(bundle.length);
  return bundle;
}

function tooLarge(length: number): HanaperError {
  return new HanaperError(
    'too_large',
    `The trust bundle would have ${length} bytes, and none of more than ${maxBundleLength} is read. Accept fewer keys by ACLs.`,
    { most: maxBundleLength },
  );
}

/** The payload of a bundle as text, with what the authority says of its log's key in base64. */
export function formatBundle(
  authority: string,
  { issuedAt, expiresAt, state, checkpoint }: Omit<BundleClaims, 'log'>,
  { statement, signature }: { readonly statement: unknown; readonly signature: unknown },
): string {
  return JSON.stringify({
    _type: bundleType,
    authority,
    issued_at: issuedAt,
    expires_at: expiresAt,
    state: describeState(state),
    log: { statement, signature },
    checkpoint,
  });
}
