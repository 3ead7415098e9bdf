import type { Answer } from '../authority/execution/execute.ts';
import type { Request } from '../authority/execution/request.ts';
import type { Command } from '../authority/schemas/command.ts';
import type { Delegation } from '../ucan/token/delegation.ts';

/** What executes commands for the command line: the local database, or a server. `Authority` is one. */
export interface Caller {
  /** Whose commands they are. */
  readonly identity: { readonly did: string };
  /** Executes one of the authority's own commands; `given` are delegations that go with it. */
  execute<Args, Result>(
    command: Command<'authority', Args, Result>,
    args: Args,
    given?: readonly Delegation[],
  ): Promise<Result>;
  /** Executes a command of an organisation: name, DID or id; absent: the only one. */
  executeFor<Args, Result>(
    organisation: string | undefined,
    command: Command<'organisation', Args, Result>,
    args: Args,
  ): Promise<Result>;
  /** Has a request executed that somebody else has signed; to a server it is never `isLocal`, whatever it says. */
  executeRequest(request: Request): Promise<Answer>;
}
