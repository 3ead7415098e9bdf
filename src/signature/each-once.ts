import type { PackageSignature } from './document.ts';
import type { FindPlace, VerifySignature } from './verify.ts';

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
