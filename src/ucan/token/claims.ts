import { randomBytes } from '../../crypto/random.ts';
import type { OptionNames } from '../../options.ts';
import { type IpldMap, ipldMap, toIpld, toIpldMap } from '../encoding/ipld.ts';
import type { UcanVersion } from './envelope.ts';
import type { Signer } from './signer.ts';

/** What goes into a token of either kind, beside its issuer. */
export interface TokenClaims {
  readonly command: string;
  /** Seconds since 1970; null: never. */
  readonly expiration: number | null;
  readonly meta?: unknown;
  /** Default: 12 random bytes; empty for an idempotent command. */
  readonly nonce?: Uint8Array | undefined;
  /** Default: `1.0.0-rc.1`. */
  readonly version?: UcanVersion | undefined;
}

/** The names of these claims. */
export const tokenClaimNames: OptionNames<TokenClaims> = {
  command: true,
  expiration: true,
  meta: true,
  nonce: true,
  version: true,
};

/** The fields that one kind of token has of its own, by their names in the token. */
export interface OwnFields {
  readonly required: Readonly<Record<string, unknown>>;
  /** Left out where they are undefined. */
  readonly optional: Readonly<Record<string, unknown>>;
  /** Those that are maps. */
  readonly maps?: Readonly<Record<string, unknown>>;
}

const nonceLength = 12;

/**
 * Returns the payload of a token, to be signed.
 *
 * @throws HanaperError `bad_input` naming what is not a value of IPLD
 */
export function payloadOf(signer: Signer, claims: TokenClaims, { required, optional, maps }: OwnFields): IpldMap {
  const { command: cmd, expiration: exp, nonce = randomBytes(nonceLength), meta } = claims;
  const present = Object.entries(optional).filter(([, value]) => value !== undefined);
  const values = [...Object.entries({ iss: signer.did, cmd, exp, nonce, ...required }), ...present];
  const ofMaps = Object.entries({ ...maps, ...(meta !== undefined && { meta }) });
  return ipldMap([
    ...values.map(([key, value]) => [key, toIpld(value, key)] as const),
    ...ofMaps.map(([key, value]) => [key, toIpldMap(value, key)] as const),
  ]);
}
