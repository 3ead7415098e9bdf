import { HanaperError } from '../errors.ts';
import { createOutput } from './create-output.ts';
import { openEventLog } from './event-log.ts';
import { exitCodes } from './exit-codes.ts';
import type { ChildAnswer } from './load-child.ts';
import { type Handover, takeHandover } from './load-handover.ts';
import { type Outcome, type Output, printError, printOutcome, toHanaperError } from './output.ts';
import { runPackage } from './run-package.ts';

// A shell adds 128 to the number of the signal that ended a process.
const endings = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 };

/** The second half of `hanaper package load`: a process that has nothing of the first but a verified package. */
async function run(output: Output, { handover, bytes }: ReturnType<typeof takeHandover>): Promise<number> {
  try {
    using log = handover.eventLog === undefined ? undefined : await openEventLog(handover.eventLog);
    const answer = await runPackage(handover, bytes);
    log?.observe(eventOf(handover, answer));
    if ('error' in answer) throw new HanaperError(answer.error.code, answer.error.message, answer.error.details);
    printOutcome(output, describe(handover, answer));
    return 0;
  } catch (error) {
    const failure = toHanaperError(error);
    printError(output, failure);
    return exitCodes[failure.code];
  }
}

function eventOf({ file: path, packageHash }: Handover, answer: ChildAnswer) {
  const time = new Date().toISOString();
  const details = { path, package_hash: packageHash };
  return 'error' in answer
    ? ({ name: 'package.load.failure', time, details, reason: answer.error.code } as const)
    : ({ name: 'package.load.success', time, details } as const);
}

function describe(
  { file, kind, packageHash, verification, call }: Handover,
  { exports, result }: Exclude<ChildAnswer, { readonly error: unknown }>,
): Outcome {
  return {
    document: {
      package_hash: packageHash,
      kind,
      verification,
      exports,
      ...(call !== undefined && { called: call, result: result ?? null }),
    },
    lines: [
      `${file} was ${verification === null ? 'loaded unverified' : 'verified and loaded'} from memory (${kind}).`,
      `  sha256  ${packageHash}`,
      `  exports ${exports.join(', ') || '(none)'}`,
      ...(call === undefined ? [] : [`  ${call}() returned ${result ?? 'nothing'}`]),
    ],
  };
}

for (const [signal, status] of Object.entries(endings)) process.on(signal, () => process.exit(status));
const taken = takeHandover();
run(createOutput(taken.handover.json), taken).then((status) => {
  process.exitCode = status;
});
