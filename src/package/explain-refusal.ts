import { HanaperError } from '../errors.ts';
import type { TrustMaterial } from '../trust/source.ts';

/** Returns the refusal of a package with the organisation whose trust decided, and why a proof beside it did not help. */
export function explainRefusal(
  refusal: HanaperError,
  material: TrustMaterial,
  proofProblem: HanaperError | undefined,
): HanaperError {
  const named = nameOrganisation(refusal, material);
  if (proofProblem === undefined) return named;
  const message = `${named.message} The proof beside it does not help: ${proofProblem.message}`;
  return new HanaperError(named.code, message, named.details, proofProblem);
}

// A key that one organisation does not trust may be trusted by another.
function nameOrganisation(refusal: HanaperError, { organisation, organisationName }: TrustMaterial): HanaperError {
  const { code, message, details } = refusal;
  if (organisationName === undefined || (code !== 'untrusted_signer' && code !== 'policy_not_met')) return refusal;
  const decided = { trusted_by: organisation, trusted_by_name: organisationName };
  const said = `${message} The trust of ${organisationName} decided.`;
  return new HanaperError(code, said, { ...details, ...decided }, refusal);
}
