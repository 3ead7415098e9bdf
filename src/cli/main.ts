import { type Command, CommanderError } from 'commander';
import { wipeAllSecrets } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import { version } from '../version.ts';
import { AlreadyShown } from './already-shown.ts';
import { createOutput } from './create-output.ts';
import { exitCodes } from './exit-codes.ts';
import { Interrupted } from './interrupted.ts';
import { type Output, printError, toHanaperError } from './output.ts';
import { createProgram } from './program.ts';
import { writeText } from './write-text.ts';

const interruptedStatus = 130;
// A shell adds 128 to the number of the signal that ended a process.
const endings = { SIGHUP: 129, SIGINT: interruptedStatus, SIGTERM: 143 };

/** Runs one command line, and returns its exit status. */
async function run(args: readonly string[]): Promise<number> {
  const output = createOutput(args.includes('--json'));
  const program = createProgram(output, args.length > 0 ? args : ['--help']);
  throwInsteadOfExiting(program);
  try {
    // Only in front of a noun or verb: behind it, --version can be an option of that verb.
    if (args.find((arg) => arg !== '--json') === '--version') {
      output.out(`${version}\n`);
      return 0;
    }
    await program.parseAsync(args.length > 0 ? [...args] : ['--help'], { from: 'user' });
    return 0;
  } catch (error) {
    return reportFailure(output, error);
  }
}

function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => writeText(1, text),
    writeErr: (text) => writeText(2, text),
    outputError: () => undefined,
  });
  for (const below of command.commands) throwInsteadOfExiting(below);
}

function reportFailure(output: Output, error: unknown): number {
  if (error instanceof Interrupted) return interruptedStatus;
  if (error instanceof AlreadyShown) return error.status ?? exitCodes[error.failure.code];
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const failure = error instanceof CommanderError ? usageError(error) : toHanaperError(error);
  if (process.env['HANAPER_DEBUG'] === '1' && error instanceof Error) output.error(`${error.stack}\n`);
  tryToPrint(output, failure);
  return exitCodes[failure.code];
}

// Where standard output takes nothing, a line on standard error says so, and the status is that of the failure all the same.
function tryToPrint(output: Output, failure: HanaperError): void {
  try {
    printError(output, failure);
  } catch (error) {
    const { message } = toHanaperError(error);
    const said = { ...output, json: false };
    const isSame = failure.message.startsWith(message);
    const both = isSame ? failure.message : `${failure.message} Besides: ${message}`;
    printLast(said, new HanaperError(failure.code, both, failure.details));
  }
}

function printLast(output: Output, failure: HanaperError): void {
  try {
    printError(output, failure);
  } catch {
    // Nothing is left to say it on; the status says it.
  }
}

function usageError({ message, code }: CommanderError): HanaperError {
  const said = message.replace(/^error: /, '').replaceAll('\n', ' ');
  const hint = code === 'commander.help' ? 'Name a verb' : `${said.charAt(0).toUpperCase()}${said.slice(1)}`;
  return new HanaperError('usage', `${hint.replace(/\.?$/, '.')} "--help" behind any command explains it.`, {
    reason: code,
  });
}

// What a library plans to remove is the developers' concern, and its tests show it.
process.noDeprecation = true;
// Whatever ends the process, secrets are wiped first.
process.on('exit', wipeAllSecrets);
for (const [signal, status] of Object.entries(endings)) process.on(signal, () => process.exit(status));
run(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
