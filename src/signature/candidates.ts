import { requireRefusal } from '../attempt.ts';
import { decodeSignatures } from './document.ts';
import type { Candidate } from './verify.ts';

/** What verification is to try of a signature document from outside: one that is malformed is a candidate that fails. */
export function listCandidates(document: unknown): readonly Candidate[] {
  try {
    return decodeSignatures(document).map((signature) => ({ origin: 'detached', signature }));
  } catch (error) {
    return [failedCandidate(error)];
  }
}

/** What could not be read as a candidate that fails; what is no error of ours is thrown on. */
export function failedCandidate(error: unknown): Candidate {
  return { malformed: requireRefusal(error) };
}
