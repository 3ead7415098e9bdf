import { Command, Help, type Option } from 'commander';
import { addNoun, addVerb, type Noun, option, repeated } from './define.ts';
import { addDatabaseCommands, addLockVerbs, addPassphraseVerbs } from './nouns/database.ts';
import { addDevCommand } from './nouns/dev.ts';
import { addDoctorCommand } from './nouns/doctor.ts';
import { addIdentityVerbs } from './nouns/identity.ts';
import { addKeyVerbs } from './nouns/key.ts';
import { addLogVerbs } from './nouns/log.ts';
import { addOrgVerbs } from './nouns/org.ts';
import { addPackageShortcuts, addPackageVerbs } from './nouns/package.ts';
import { addPolicyVerbs } from './nouns/policy.ts';
import { addServeCommand } from './nouns/serve.ts';
import { addAclVerbs, addTrustVerbs } from './nouns/trust.ts';
import { addUcanVerbs } from './nouns/ucan.ts';
import type { Output } from './output.ts';

const globalOptions = [
  option('--db <url>', 'the database: sqlite:PATH or postgres://… (HANAPER_DB)'),
  option(
    '--durability <kind>',
    'full, or server: accept a PostgreSQL that may lose what was done (HANAPER_DURABILITY)',
  ),
  option('--org <org>', 'the organisation: name, DID or id (HANAPER_ORG; else the only one)'),
  option('--json', 'print one JSON document, errors too'),
  option('--passphrase-file <file>', 'read the passphrase from a file, or "-" for standard input'),
  option('--raw-key-file <file>', 'open a raw key slot with the 32-byte key in a file, or "-"'),
  option('--authority [did]', 'the only authority to accept (HANAPER_AUTHORITY)'),
  option('--server <url>', 'ask this server instead of a database (HANAPER_SERVER)'),
  option('--as <keyfile>', 'who asks the server: PKCS#8 PEM, JWK, or 64 hex characters (HANAPER_AS)'),
  repeated('--proof [file]', 'delegations that lead to that key; may be repeated').preset(''),
  option('--key-passphrase-file <file>', 'the passphrase of a sealed key file, or "-"'),
  option('--profile <name>', 'server, key, proofs, organisation and authority by a name (HANAPER_PROFILE)'),
  option('--insecure', 'allow plain http to a server on another machine; for serve: to be reached so'),
  option('--log <file>', 'append every event to a file as JSON lines, or "-" for standard error'),
];

const nouns: readonly Noun[] = [
  { name: 'passphrase', description: 'The passphrase', addVerbs: addPassphraseVerbs },
  { name: 'database', description: 'The database of a server', addVerbs: addLockVerbs },
  { name: 'org', description: 'Organisations', addVerbs: addOrgVerbs },
  { name: 'key', description: 'Signing keys', addVerbs: addKeyVerbs },
  { name: 'trust', description: 'Trusted keys', addVerbs: addTrustVerbs },
  { name: 'acl', description: 'Trust between organisations', addVerbs: addAclVerbs },
  { name: 'policy', description: 'Verification policies', addVerbs: addPolicyVerbs },
  { name: 'package', description: 'Packages: any file, signed, verified, loaded', addVerbs: addPackageVerbs },
  { name: 'identity', description: 'Keys of people and jobs, in files of their own', addVerbs: addIdentityVerbs },
  { name: 'ucan', description: 'Delegations and invocations: who may do what', addVerbs: addUcanVerbs },
  { name: 'log', description: 'The log of all that was done', addVerbs: addLogVerbs },
];

/**
 * Creates the command line, nouns and verbs; what a verb does is loaded when it is called. Where arguments are given, only
 * the nouns among them have their verbs: to make all of them takes longer than most commands.
 */
export function createProgram(output: Output, args?: readonly string[]): Command {
  const program = new Command('hanaper')
    .description(
      'A self-hosted trust authority: keeps signing keys, signs packages, records trust, verifies before load.',
    )
    .usage('[options] [command]\n       hanaper --version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption });
  for (const global of globalOptions) program.addOption(global);
  addDatabaseCommands(program, output);
  addDoctorCommand(program, output);
  for (const noun of nouns) {
    const command = addNoun(program, noun);
    if (args?.includes(noun.name) ?? true) noun.addVerbs(command, output);
  }
  addPackageShortcuts(program, output, (name) => args?.includes(name) ?? true);
  addServeCommand(program, output);
  addDevCommand(program, output);
  addVerb(program, output, {
    usage: 'completion SHELL',
    summary: 'Print a completion script for bash, zsh or fish',
    example: 'hanaper completion bash > ~/.local/share/bash-completion/completions/hanaper',
    act: async (_session, _options, shell) =>
      (await import('./commands/completion.ts')).completion(createProgram(output), shell),
  });
  return program;
}

// What an option is taken as without its value is said in words, or nowhere.
function describeOption(option: Option): string {
  return new Help().optionDescription(option).replace(' (preset: "")', '');
}
