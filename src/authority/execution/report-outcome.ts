import { HanaperError } from '../../errors.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import type { AnyCommand } from '../schemas/command.ts';
import type { FoundReceipt } from './find-receipt.ts';
import type { Host } from './host.ts';
import { reportRefusal } from './report-refusal.ts';
import type { Request } from './request.ts';

/** Whether an error leaves it open that something was done. */
export function isInDoubt(error: unknown): error is HanaperError {
  return error instanceof HanaperError && error.details['may_be_done'] === true;
}

/** Reports a request that was refused, or whose execution is in doubt. */
export function reportRefused(host: Host, command: AnyCommand, { invocation }: Request, error: unknown): void {
  if (!(error instanceof HanaperError)) return;
  const about = describeInvocation(invocation);
  if (command.access === 'write' && isInDoubt(error)) {
    host.report('command.unconfirmed', { command: command.name, ...about, may_be_done: true }, error);
  } else reportRefusal(host, command, about, invocation.args, error);
}

/** Reports an invocation that was executed now. */
export function reportExecuted(
  host: Host,
  command: AnyCommand,
  invocation: Invocation,
  refusal: HanaperError | undefined,
): void {
  const about = describeInvocation(invocation);
  host.report('command.executed', { command: command.name, ...about }, refusal);
  if (refusal) reportRefusal(host, command, about, invocation.args, refusal);
}

/** The error for what was done, and could not be told to the observer. */
export function unrecorded({ receipt, index }: FoundReceipt, cause: unknown): HanaperError {
  const cid = formatCid(receipt.invocation.cid);
  const reason = cause instanceof Error ? ` ${cause.message}` : '';
  return new HanaperError(
    'unavailable',
    `This was done, and has the receipt ${cid}, but its events could not be recorded.${reason} Asked again with the same invocation, it is answered with that receipt.`,
    {
      ...(cause instanceof HanaperError && cause.details),
      may_be_done: true,
      receipt: cid,
      ...(index !== undefined && { index }),
    },
    cause,
  );
}

function describeInvocation({ cid, issuer, subject }: Invocation): Readonly<Record<string, string>> {
  return { invocation: formatCid(cid), invoker: issuer, subject };
}
