import { Command, Help, type Option } from 'commander';
import { addVerb, option, repeated } from './define.ts';
import { addDatabaseCommands } from './nouns/database.ts';
import { addIdentityCommands } from './nouns/identity.ts';
import { addKeyCommands } from './nouns/key.ts';
import { addLogCommands } from './nouns/log.ts';
import { addOrgCommands } from './nouns/org.ts';
import { addPackageCommands } from './nouns/package.ts';
import { addPolicyCommands } from './nouns/policy.ts';
import { addServeCommand } from './nouns/serve.ts';
import { addAclCommands, addTrustCommands } from './nouns/trust.ts';
import { addUcanCommands } from './nouns/ucan.ts';
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

/** The whole command line, nouns and verbs; what a verb does is loaded when it is called. */
export function createProgram(output: Output): Command {
  const program = new Command('hanaper')
    .description(
      'A self-hosted trust authority: keeps signing keys, signs packages, records trust, verifies before load.',
    )
    .usage('[options] [command]\n       hanaper --version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption });
  for (const global of globalOptions) program.addOption(global);
  addDatabaseCommands(program, output);
  addOrgCommands(program, output);
  addKeyCommands(program, output);
  addTrustCommands(program, output);
  addAclCommands(program, output);
  addPolicyCommands(program, output);
  addPackageCommands(program, output);
  addIdentityCommands(program, output);
  addUcanCommands(program, output);
  addLogCommands(program, output);
  addServeCommand(program, output);
  addVerb(program, output, {
    usage: 'completion SHELL',
    summary: 'Print a completion script for bash, zsh or fish',
    example: 'hanaper completion bash > ~/.local/share/bash-completion/completions/hanaper',
    act: async (_session, _options, shell) => (await import('./commands/completion.ts')).completion(program, shell),
  });
  return program;
}

// What an option is taken as without its value is said in words, or nowhere.
function describeOption(option: Option): string {
  return new Help().optionDescription(option).replace(' (preset: "")', '');
}
