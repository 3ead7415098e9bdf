import type { Answer } from '../authority/execution/execute.ts';
import type { RehearsedCall } from '../authority/execution/rehearse.ts';
import type { Request } from '../authority/execution/request.ts';
import type { AnyCommand, Command } from '../authority/schemas/command.ts';
import { HanaperError } from '../errors.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import type { Caller } from './caller.ts';

/** How to open a caller that may have to ask for a passphrase. */
export interface Opening {
  readonly identity: Caller['identity'];
  /** Finds what would refuse a command, as far as that shows without a passphrase. */
  check(command: AnyCommand, call: RehearsedCall): Promise<void>;
  /** Opens what executes it, and asks for a passphrase where that takes one. */
  open(command: AnyCommand): Promise<Caller>;
}

/** Asks for a passphrase when a command that needs it is executed, and after all checks of that command. */
export class DeferredCaller implements Caller {
  readonly #opening: Opening;

  constructor(opening: Opening) {
    this.#opening = opening;
  }

  get identity(): Caller['identity'] {
    return this.#opening.identity;
  }

  async execute<Args, Result>(
    command: Command<'authority', Args, Result>,
    args: Args,
    given: readonly Delegation[] = [],
  ): Promise<Result> {
    const caller = await this.prepare(command, { args, given });
    return caller.execute(command, args, given);
  }

  async executeFor<Args, Result>(
    organisation: string | undefined,
    command: Command<'organisation', Args, Result>,
    args: Args,
  ): Promise<Result> {
    const caller = await this.prepare(command, { args, organisation });
    return caller.executeFor(organisation, command, args);
  }

  async executeRequest(request: Request): Promise<Answer> {
    const command = await requireCommand(request);
    await this.#opening.check(command, callOf(request));
    return (await this.#opening.open(command)).executeRequest(request);
  }

  /** Finds what would refuse a request; its signature may be missing yet. */
  async checkRequest(request: Request): Promise<void> {
    await this.#opening.check(await requireCommand(request), callOf(request));
  }

  /** Checks a command and opens what will execute it, for a verb that has other things to do in between. */
  async prepare(command: AnyCommand, call: RehearsedCall): Promise<Caller> {
    await this.#opening.check(command, call);
    return this.#opening.open(command);
  }
}

function callOf({ invocation, given }: Request): RehearsedCall {
  return { args: invocation.args, given, invocation };
}

async function requireCommand({ invocation: { command: name } }: Request): Promise<AnyCommand> {
  const { findCommand } = await import('../authority/commands/list.ts');
  const command = findCommand(name);
  if (command) return command;
  throw new HanaperError('not_found', `There is no command ${name.slice(0, 100)} here.`, { kind: 'command' });
}
