import { type Command, InvalidArgumentError, Option } from 'commander';
import { HanaperError } from '../errors.ts';
import { AlreadyShown } from './already-shown.ts';
import { requireUnaltered } from './altered.ts';
import type { GlobalOptions } from './global-options.ts';
import { type Outcome, type Output, printOutcome } from './output.ts';
import { Session } from './session.ts';

/** One verb of the command line. */
export interface Verb<Options extends object> {
  /** Its name and what it takes: `import NAME FILE`; `verify [FILE]` where it may be left out. */
  readonly usage: string;
  /** What it does, in a sentence without its stop. */
  readonly summary: string;
  /** A command to copy. */
  readonly example: string;
  readonly options?: readonly Option[];
  /** Whether `--authority` without a DID means something here: to use the authority's own key. */
  readonly mayActAsAuthority?: true;
  /** Whether `--proof` without a file means something here: to write the proof of what is done. */
  readonly mayProve?: true;
  /** Whether a server can take the place of the database. */
  readonly remote?: true;
  /** What to do instead, where it cannot. */
  readonly instead?: string;
  /** What it does, inside a session, with its options and what it takes; what runs on has printed for itself. */
  act(session: Session, options: Options, first: string, second: string): Promise<Outcome | undefined>;
}

/** A verb that takes any number of arguments. */
export interface ListVerb<Options extends object> extends Omit<Verb<Options>, 'act'> {
  act(session: Session, options: Options, all: readonly string[]): Promise<Outcome | undefined>;
}

/** A verb that works where no session can be started: it takes all options as they were given. */
export interface BareVerb<Options extends object> extends Omit<Verb<Options>, 'act'> {
  act(output: Output, options: Options & GlobalOptions): Promise<Outcome | undefined>;
}

/** One noun of the command line. */
export interface Noun {
  readonly name: string;
  /** What it means, without a stop. */
  readonly description: string;
  /** Adds all that can be done with it. */
  addVerbs(noun: Command, output: Output): void;
}

/** Adds a verb to a noun, or to the program itself. */
export function addVerb<Options extends object>(parent: Command, output: Output, verb: Verb<Options>): void {
  const { length } = takenBy(verb);
  const { act } = verb;
  addAction<Options>(parent, output, verb, (session, options, received) => {
    const [first = '', second = ''] = received.slice(0, length) as (string | undefined)[];
    return act(session, options, first, second);
  });
}

/** Adds a verb that takes any number of arguments. */
export function addListVerb<Options extends object>(parent: Command, output: Output, verb: ListVerb<Options>): void {
  const { act } = verb;
  addAction<Options>(parent, output, verb, (session, options, [all]) => act(session, options, all as string[]));
}

function addAction<Options extends object>(
  parent: Command,
  output: Output,
  verb: Declared,
  act: (session: Session, options: Options, received: readonly unknown[]) => Promise<Outcome | undefined>,
): void {
  const command = declare(parent, verb);
  command.action(async (...received: unknown[]) => {
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    requireMeant(command, verb, options);
    await using session = await Session.start(output, options);
    const outcome = await act(session, options, received);
    if (!outcome) return;
    printOutcome(output, outcome);
    requireUnaltered(output, outcome);
    if (outcome.failure) throw new AlreadyShown(outcome.failure.error, outcome.failure.status);
  });
}

/** Adds a verb that needs no session, and takes no arguments. */
export function addBareVerb<Options extends object>(parent: Command, output: Output, verb: BareVerb<Options>): void {
  const command = declare(parent, verb);
  command.action(async () => {
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    requireMeant(command, verb, options);
    const outcome = await verb.act(output, options);
    if (outcome) printOutcome(output, outcome);
  });
}

type Declared = Omit<Verb<object>, 'act'>;

function takenBy({ usage }: Declared): readonly string[] {
  return usage.split(' ').slice(1);
}

function declare(parent: Command, verb: Declared): Command {
  const [name = ''] = verb.usage.split(' ');
  const command = parent.command(name).summary(verb.summary).description(`${verb.summary}.`);
  for (const argument of takenBy(verb)) command.argument(argument.startsWith('[') ? argument : `<${argument}>`);
  for (const added of verb.options ?? []) command.addOption(added);
  return command.addHelpText('after', `\nExample:\n  $ ${verb.example}`);
}

function requireMeant(command: Command, verb: Declared, options: GlobalOptions): void {
  if (options.authority === true && !verb.mayActAsAuthority) throw authorityWithoutDid();
  if (options.proof?.includes('') && !verb.mayProve) throw proofWithoutFile();
  if (!verb.remote && (options.server ?? options.profile) !== undefined) throw notRemote(command, verb);
}

/** Adds a noun, without its verbs. */
export function addNoun(program: Command, { name, description }: Noun): Command {
  return program.command(name).summary(description).description(`${description}.`);
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

/** An option that may be given several times. */
export function repeated(flags: string, description: string): Option {
  const collect = (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value];
  return new Option(flags, description).argParser(collect);
}

/** Reads a whole number. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of at most 9 digits.');
}

/** Reads how many of something are wanted: one at least. */
export function wholeCount(text: string): number {
  const count = wholeNumber(text);
  if (count > 0) return count;
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

/** Reads the index of something in a row, however long that is. */
export function wholeIndex(text: string): number {
  const index = /^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(index)) return index;
  throw new InvalidArgumentError('It must be an index: 0, 1, 2 … up to 9007199254740991.');
}

function proofWithoutFile(): HanaperError {
  return new HanaperError('usage', '--proof needs a file here.', { option: '--proof' });
}

function authorityWithoutDid(): HanaperError {
  return new HanaperError('usage', '--authority needs the DID of the authority here.', { option: '--authority' });
}

function notRemote(command: Command, { instead }: { readonly instead?: string }): HanaperError {
  const words = [command.parent?.parent ? command.parent.name() : '', command.name()].filter((word) => word !== '');
  return new HanaperError(
    'usage',
    `"hanaper ${words.join(' ')}" works locally and asks no server: leave out --server and --profile.${instead === undefined ? '' : ` ${instead}`}`,
    { option: '--server' },
  );
}
