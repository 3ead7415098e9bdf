import { formatCid } from '../ucan/encoding/cid.ts';
import { type Delegation, type DelegationClaims, signDelegation } from '../ucan/token/delegation.ts';
import type { Signer } from '../ucan/token/signer.ts';
import type { Authority } from './authority.ts';
import { resolveOrganisation } from './execution/find-organisation.ts';
import { authoritySigner, organisationSigner } from './tokens/signers.ts';

/** Whose key is used: the authority's own, or that of an organisation (name, DID or id; absent: the only one). */
export type HostedPrincipal = 'authority' | { readonly organisation: string | undefined };

/**
 * Something that signs tokens as a principal that this database hosts.
 *
 * @throws HanaperError `locked`, `not_found`, `usage`
 */
export async function openSigner(authority: Authority, principal: HostedPrincipal): Promise<Signer> {
  const vault = authority.requireVault();
  if (principal === 'authority') return authoritySigner(vault);
  const organisation = await authority.followed.read((transaction) =>
    resolveOrganisation(transaction, principal.organisation),
  );
  return organisationSigner(vault, organisation);
}

/**
 * The DID of a principal that this database hosts.
 *
 * @throws HanaperError `not_found`, `usage`
 */
export async function findSignerDid(authority: Authority, principal: HostedPrincipal): Promise<string> {
  if (principal === 'authority') return authority.identity.did;
  const { organisation } = principal;
  return (await authority.followed.read((transaction) => resolveOrganisation(transaction, organisation))).did;
}

/**
 * Makes and signs a delegation with a key of this database, and reports it.
 *
 * @throws HanaperError `locked`, `not_found`, `usage`, `bad_input`, `malformed_token`
 */
export async function issueDelegation(
  authority: Authority,
  signer: Signer,
  claims: DelegationClaims,
): Promise<Delegation> {
  const delegation = await signDelegation(signer, claims);
  const { issuer, audience, subject, command } = delegation;
  authority.report('ucan.delegation.issued', { cid: formatCid(delegation.cid), issuer, audience, subject, command });
  return delegation;
}
