import { HanaperError } from '../../errors.ts';
import { type Answer, execute } from '../execution/execute.ts';
import type { Host } from '../execution/host.ts';
import { decodeRequest, type Request } from '../execution/request.ts';
import { findCommand } from './list.ts';

export { decodeRequest };

/**
 * Executes what a request asks for by the command that it names.
 *
 * @throws HanaperError `not_found` for a command that there is not, and what `execute` throws
 */
export function executeRequest(host: Host, request: Request): Promise<Answer> {
  const { command: name } = request.invocation;
  const command = findCommand(name);
  if (command) return execute(host, command, request);
  throw new HanaperError('not_found', `There is no command ${name.slice(0, 100)} here.`, { kind: 'command' });
}
