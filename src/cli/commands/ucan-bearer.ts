import type { Command } from '../../authority/schemas/command.ts';
import { parseArgs } from '../../authority/schemas/parse-args.ts';
import { encodeUtf8 } from '../../bytes.ts';
import type { Client } from '../../client/client.ts';
import { HanaperError } from '../../errors.ts';
import { packTokens } from '../../ucan/token/tokens.ts';
import type { Outcome } from '../output.ts';
import { requirePrincipal } from '../principal-option.ts';
import type { Session } from '../session.ts';
import { describeToken } from '../token-document.ts';
import { readArgs } from './ucan-invoke.ts';

/** Options of `ucan bearer`. */
export interface BearerOptions {
  readonly args?: string;
  readonly subject?: string;
}

/** `hanaper ucan bearer COMMAND`: the header alone, for a request that somebody else sends. */
export async function bearer(session: Session, name: string, options: BearerOptions): Promise<Outcome> {
  if (options.subject !== undefined) requirePrincipal('--subject', options.subject);
  const { findCommand } = await import('../../authority/commands/list.ts');
  const command = findCommand(name);
  if (command === undefined) throw unknownCommand(name);
  const args = await readArgs(options);
  parseArgs(command.args, args);
  const client = await (await session.openRemote()).openClient();
  const subject = options.subject ?? (await findSubject(client, command, session.organisation));
  const { invocation, path } = await client.sign({ command: name, subject, args });
  const header = `Authorization: Bearer ${await packTokens([invocation, ...path])}`;
  return { document: { ...describeToken(invocation), header }, lines: [], bytes: encodeUtf8(`${header}\n`) };
}

async function findSubject(
  client: Client,
  { name, subject }: Pick<Command<'authority' | 'organisation' | 'anybody', unknown, unknown>, 'name' | 'subject'>,
  organisation: string | undefined,
): Promise<string> {
  if (subject === 'authority') return client.identity.did;
  if (subject === 'organisation') return client.findSubject(organisation);
  throw new HanaperError('usage', `${name} can be about anybody: say whose power it takes with --subject DID.`, {
    option: '--subject',
  });
}

function unknownCommand(name: string): HanaperError {
  return new HanaperError(
    'not_found',
    `There is no command ${name.slice(0, 100)}. The page /docs of the server lists all of them.`,
    { kind: 'command' },
  );
}
