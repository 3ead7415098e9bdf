import { requireRefusal } from '../../attempt.ts';
import type { Budget } from '../../budget.ts';
import { decodeDidKeyToVerify, isAsLongAs } from '../../did/did-key.ts';
import { type KeyType, type PublicKey, verifyWithKey } from '../../did/public-key.ts';
import { HanaperError } from '../../errors.ts';
import { formatCid } from '../encoding/cid.ts';
import type { Delegation } from './delegation.ts';
import type { Invocation } from './invocation.ts';
import type { Signer } from './signer.ts';
import { Token } from './token.ts';

declare const verified: unique symbol;

const didKeyScheme = 'did:key:';

// As many signatures of Ed25519 take as long to verify as one of these, its key decoded.
const weights: Partial<Record<KeyType, number>> = { p256: 1.6, secp256k1: 5, p384: 10, p521: 20, rsa: 5 };

/** A token whose signature is its issuer's: {@link verifyToken} alone makes one. */
export type Verified<Kind extends Delegation | Invocation> = Kind & { readonly [verified]: true };

/** Gives the keys of an issuer that is no did:key; an empty list where it has none. */
export type KeyResolver = (did: string) => readonly PublicKey[] | Promise<readonly PublicKey[]>;

/**
 * Verifies a token's signature by the key of its issuer. A token object of a did:key is verified once.
 *
 * @throws HanaperError `invalid_token_signature`, `too_large` where the budget ends
 */
export async function verifyToken<Kind extends Delegation | Invocation>(
  token: Kind,
  resolveKeys?: KeyResolver,
  budget?: Budget,
): Promise<Verified<Kind>> {
  if (await isSignatureValid(token, resolveKeys, budget)) return token as Verified<Kind>;
  throw invalidSignature(token);
}

/** A token that was signed a moment ago by a signer of ours. What came from elsewhere is verified instead. */
export function vouchForOwn<Kind extends Delegation | Invocation>(token: Kind, { did }: Signer): Verified<Kind> {
  if (token.issuer !== did) throw new TypeError('nobody vouches for the token of another');
  Token.markVerified(token);
  return token as Verified<Kind>;
}

/** The error for a token whose signature is not its issuer's. */
export function invalidSignature({ kind, cid, issuer }: Delegation | Invocation): HanaperError {
  const reason = issuer.startsWith(didKeyScheme)
    ? 'it was altered, or forged'
    : 'it was altered or forged, or the keys of its issuer cannot be found here';
  return new HanaperError(
    'invalid_token_signature',
    `The ${kind} ${formatCid(cid)} is not signed by its issuer ${issuer}: ${reason}.`,
    { cid: formatCid(cid), issuer, ucan_error: 'InvalidSignature' },
  );
}

/**
 * Whether a token's signature is its issuer's.
 *
 * @throws HanaperError `too_large` where the budget ends
 */
export async function isSignatureValid(
  token: Delegation | Invocation,
  resolveKeys?: KeyResolver,
  budget?: Budget,
): Promise<boolean> {
  if (!Token.isDecoded(token))
    throw new TypeError('a token is made by decoding its bytes, never by hand or by copying');
  if (Token.isVerified(token)) return true;
  const { keyType, signed, signature } = token.envelope;
  const isDidKey = token.issuer.startsWith(didKeyScheme);
  if (isDidKey && !isAsLongAs(keyType, token.issuer)) return false;
  // Before the key is decoded.
  if (isDidKey) drawForSignature(keyType, budget);
  const keys = isDidKey ? didKeys(token.issuer) : ((await resolveKeys?.(token.issuer)) ?? []);
  for (const key of keys) {
    if (key.type !== keyType) continue;
    if (!isDidKey) drawForSignature(keyType, budget);
    if (!(await verifyWithKey(key, signed, signature))) continue;
    // The document of any other method may change.
    if (isDidKey) Token.markVerified(token);
    return true;
  }
  return false;
}

/** Draws what one signature by a key of this kind costs. */
export function drawForSignature(type: KeyType, budget: Budget | undefined): void {
  budget?.spend('signatures', weights[type] ?? 1);
}

/** Whether a token object was verified already, so that verifying it again costs nothing. */
export function isVerified<Kind extends Delegation | Invocation>(token: Kind): token is Verified<Kind> {
  return Token.isVerified(token);
}

function didKeys(did: string): readonly PublicKey[] {
  try {
    return [decodeDidKeyToVerify(did)];
  } catch (error) {
    requireRefusal(error);
    return [];
  }
}
