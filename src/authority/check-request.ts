import { HanaperError } from '../errors.ts';
import { readLogHead } from '../store/log.ts';
import { verifyToken } from '../ucan/verified.ts';
import { authorize } from './authorize.ts';
import type { AnyCommand } from './command.ts';
import { describeInvocation } from './execute.ts';
import { type Executed, findExecuted } from './executed.ts';
import type { Host } from './host.ts';
import { parseArgs } from './parse-args.ts';
import { reportRefusal } from './refusals.ts';
import type { Request } from './request.ts';

/**
 * Tells beforehand whether the door would execute a request, for what has to be done first and is costly. It needs no
 * key. The receipt is given where the request was executed before.
 *
 * @throws HanaperError `invalid_token_signature`, what `authorize` throws, `bad_input` for arguments that do not fit
 */
export async function checkRequest(host: Host, command: AnyCommand, request: Request): Promise<Executed | undefined> {
  const { invocation } = request;
  try {
    await verifyToken(invocation);
    return await host.database.transact('read', async (transaction) => {
      const executed = await findExecuted(transaction, invocation, host.identity.did);
      if (executed) return executed;
      const recall = host.memo.at((await readLogHead(transaction)).generation);
      const now = await host.readNow(transaction);
      const tokens = await host.tokensIn(transaction);
      await authorize({ transaction, tokens, recall, now, authority: host.identity.did }, command, request);
      parseArgs(command.args, invocation.args);
      return undefined;
    });
  } catch (error) {
    if (error instanceof HanaperError) {
      reportRefusal(host, command, describeInvocation(invocation), invocation.args, error);
    }
    throw error;
  }
}
