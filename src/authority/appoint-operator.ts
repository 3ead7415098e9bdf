import { type Delegation, signDelegation } from '../ucan/token/delegation.ts';
import type { Vault } from '../vault/vault.ts';
import { keepDelegations } from './commands/keep-delegations.ts';
import type { CommandContext } from './schemas/command.ts';
import { authoritySigner } from './tokens/signers.ts';

/**
 * Delegates to an operator all that the authority may do, and all that is delegated to the authority, without an end; keeps
 * both delegations.
 *
 * @throws HanaperError `bad_input` where the DID cannot be a principal
 */
export async function appointOperator(
  context: CommandContext,
  vault: Vault,
  operator: string,
): Promise<readonly Delegation[]> {
  const signer = authoritySigner(vault);
  // The powerline alone says nothing of the authority itself: what is its own has its DID as the subject.
  const subjects = [vault.did, null];
  const delegations = await Promise.all(
    subjects.map((subject) => signDelegation(signer, { audience: operator, subject, command: '/', expiration: null })),
  );
  await keepDelegations(context, delegations);
  return delegations;
}
