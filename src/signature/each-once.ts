import type { verify } from '../crypto/ed25519.ts';
import type { PackageSignature } from './document.ts';
import type { SignaturePlace } from './key-revocation.ts';

/** How a signature is checked against a key and a message. */
export type VerifySignature = typeof verify;

/** Tells where a signature is proven to stand in the log; `undefined` where it is not. */
export type FindPlace = (
  signature: PackageSignature,
) => SignaturePlace | undefined | Promise<SignaturePlace | undefined>;

/**
 * Verifies a signature once, however often it is asked about in a row: over several subjects it is as many candidates, of
 * the very same bytes.
 */
export function verifyEachOnce(verifySignature: VerifySignature): VerifySignature {
  let last: { readonly asked: readonly Uint8Array[]; readonly verdict: Promise<boolean> } | undefined;
  return (publicKey, message, signature) => {
    const asked = [publicKey, message, signature];
    if (!last?.asked.every((bytes, index) => bytes === asked[index])) {
      last = { asked, verdict: verifySignature(publicKey, message, signature) };
    }
    return last.verdict;
  };
}

/** Looks for the place of a signature once, however often it is asked about in a row. */
export function findEachOnce(findPlace: FindPlace): FindPlace {
  let last: { readonly asked: PackageSignature; readonly place: ReturnType<FindPlace> } | undefined;
  return (asked) => {
    if (last?.asked.signature !== asked.signature || last.asked.message !== asked.message) {
      last = { asked, place: findPlace(asked) };
    }
    return last.place;
  };
}
