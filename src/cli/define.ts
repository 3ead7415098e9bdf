import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Outcome, type Output, printOutcome } from './output.ts';
import { type GlobalOptions, Session } from './session.ts';

/** What a verb does with its positional arguments and its options, inside a session. */
export type Act<Options> = (session: Session, options: Options, ...positional: string[]) => Promise<Outcome>;

/** Adds a verb: its arguments (`NAME`, `FILE`), what it does in a sentence, and an example for its help. */
export function addVerb<Options extends object>(
  parent: Command,
  output: Output,
  usage: string,
  summary: string,
  example: string,
  options: readonly Option[],
  act: Act<Options>,
): void {
  const [name = '', ...positional] = usage.split(' ');
  const verb = parent.command(name).summary(summary).description(`${summary}.`);
  for (const argument of positional) verb.argument(`<${argument}>`);
  for (const option of options) verb.addOption(option);
  verb.addHelpText('after', `\nExample:\n  $ ${example}`);
  verb.action(async (...received: unknown[]) => {
    const values = received.slice(0, positional.length) as string[];
    const given = verb.optsWithGlobals<Options & GlobalOptions>();
    await using session = await Session.start(output, given);
    printOutcome(output, await act(session, given, ...values));
  });
}

/** An option, with a reader for its value where it is no plain text. */
export function option(flags: string, description: string, parse?: (text: string) => unknown): Option {
  const made = new Option(flags, description);
  return parse ? made.argParser(parse) : made;
}

/** An option that takes one of a few words. */
export function choice(flags: string, description: string, choices: readonly string[], preset?: string): Option {
  const made = new Option(flags, description).choices(choices);
  return preset === undefined ? made : made.default(preset);
}

/** An option that must be given. */
export function required(flags: string, description: string): Option {
  return new Option(flags, description).makeOptionMandatory();
}

/** Reads a whole number. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}
