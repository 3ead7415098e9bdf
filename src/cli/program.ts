import { Command } from 'commander';
import type { CostOptions, InitOptions } from './commands/init.ts';
import type { LoadOptions } from './commands/load.ts';
import type { SignOptions, VerifyOptions } from './commands/package.ts';
import { addVerb, choice, option, required, wholeNumber } from './define.ts';
import type { Output } from './output.ts';

const costOptions = [
  choice('--security <level>', 'Argon2id costs by name', ['interactive', 'balanced', 'sensitive']),
  option('--memory <kib>', 'Argon2id memory in KiB', wholeNumber),
  option('--passes <n>', 'Argon2id passes', wholeNumber),
  option('--lanes <n>', 'Argon2id lanes', wholeNumber),
  option('--allow-weak', 'accept a passphrase that is easily guessed'),
];

/** The whole command line, nouns and verbs; what a verb does is loaded when it is called. */
export function createProgram(output: Output, version: string): Command {
  const program = new Command('hanaper')
    .description(
      'A self-hosted trust authority: keeps signing keys, signs packages, records trust, verifies before load.',
    )
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false });
  addGlobalOptions(program);
  addDatabaseCommands(program, output);
  addOrgCommands(program, output);
  addKeyCommands(program, output);
  addTrustCommands(program, output);
  addAclCommands(program, output);
  addPackageCommands(program, output);
  addCompletionCommand(program, output);
  return program;
}

function addGlobalOptions(program: Command): void {
  program
    .addOption(option('--db <url>', 'the database: sqlite:PATH or postgres://… (HANAPER_DB)'))
    .addOption(option('--org <org>', 'the organisation: name, DID or id (HANAPER_ORG; else the only one)'))
    .addOption(option('--json', 'print one JSON document, errors too'))
    .addOption(option('--passphrase-file <file>', 'read the passphrase from a file, or "-" for standard input'))
    .addOption(option('--raw-key-file <file>', 'open a raw key slot with the 32-byte key in a file, or "-"'))
    .addOption(option('--authority <did>', 'the only authority to accept (HANAPER_AUTHORITY)'))
    .addOption(option('--log <file>', 'append every event to a file as JSON lines, or "-" for standard error'));
}

function addDatabaseCommands(program: Command, output: Output): void {
  const slot = choice('--slot <kind>', 'what the database is reached by', ['passphrase', 'raw', 'derived']);
  const example = 'hanaper init --org acme';
  addVerb<InitOptions>(
    program,
    output,
    'init',
    'Initialise a database, with its master key',
    example,
    [slot, ...costOptions],
    async (session, options) => (await import('./commands/init.ts')).init(session, options),
  );
  addVerb(
    program,
    output,
    'status',
    'Show a database without unlocking it',
    'hanaper status --json',
    [],
    async (session) => (await import('./commands/database.ts')).status(session),
  );
  const soundness = 'Check a whole database: pages, authority, slots, keys';
  addVerb(program, output, 'validate', soundness, 'hanaper validate --passphrase-file pass.txt', [], async (session) =>
    (await import('./commands/database.ts')).validate(session),
  );
  const passphrase = program.command('passphrase').summary('Change the passphrase').description('The passphrase.');
  const files = [
    option('--new-passphrase-file <file>', 'read the new passphrase from a file, or "-" (HANAPER_NEW_PASSPHRASE)'),
    option('--new-raw-key-file <file>', 'go over to a raw 32-byte key in a file, or "-"'),
  ];
  const change = 'hanaper passphrase change --passphrase-file old.txt --new-passphrase-file new.txt';
  addVerb<CostOptions>(
    passphrase,
    output,
    'change',
    'Replace the passphrase; nothing else is re-encrypted',
    change,
    [...files, ...costOptions],
    async (session, options) => (await import('./commands/database.ts')).changePassphrase(session, options),
  );
}

function addOrgCommands(program: Command, output: Output): void {
  const org = program.command('org').summary('Organisations').description('Organisations, each with its own identity.');
  addVerb(
    org,
    output,
    'create NAME',
    'Create an organisation',
    'hanaper org create acme',
    [],
    async (session, _, name = '') => (await import('./commands/org.ts')).create(session, name),
  );
  addVerb(org, output, 'list', 'List the organisations', 'hanaper org list', [], async (session) =>
    (await import('./commands/org.ts')).list(session),
  );
  addVerb(
    org,
    output,
    'show NAME',
    'Show one organisation',
    'hanaper org show acme',
    [],
    async (session, _, name = '') => (await import('./commands/org.ts')).show(session, name),
  );
  const hashSignatures = choice('--hash-signatures <on|off>', 'whether signatures of the bare hash may be made', [
    'on',
    'off',
  ]);
  const set = 'Change what an organisation may do';
  addVerb<{ hashSignatures: 'on' | 'off' }>(
    org,
    output,
    'set NAME',
    set,
    'hanaper org set acme --hash-signatures on',
    [hashSignatures.makeOptionMandatory()],
    async (session, options, name = '') =>
      (await import('./commands/org.ts')).set(session, name, options.hashSignatures),
  );
}

function addKeyCommands(program: Command, output: Output): void {
  const key = program.command('key').summary('Signing keys').description('Signing keys of an organisation.');
  const noTrust = option('--no-trust', 'do not have the organisation trust the key yet');
  addVerb<{ trust: boolean }>(
    key,
    output,
    'create NAME',
    'Create a signing key, sealed',
    'hanaper key create release',
    [noTrust],
    async (session, options, name = '') => (await import('./commands/key.ts')).create(session, name, options),
  );
  const imported = 'Import an Ed25519 private key: PKCS#8 PEM or 32 raw bytes';
  addVerb<{ trust: boolean }>(
    key,
    output,
    'import NAME FILE',
    imported,
    'hanaper key import legacy legacy.pem',
    [noTrust],
    async (session, options, name = '', file = '') =>
      (await import('./commands/key.ts')).importFrom(session, name, file, options),
  );
  addVerb(key, output, 'list', 'List the signing keys, revoked ones as such', 'hanaper key list', [], async (session) =>
    (await import('./commands/key.ts')).list(session),
  );
  addVerb(
    key,
    output,
    'show NAME',
    'Show one signing key',
    'hanaper key show release',
    [],
    async (session, _, name = '') => (await import('./commands/key.ts')).show(session, name),
  );
  const format = choice('--format <format>', 'SPKI in PEM, or 32 raw bytes', ['pem', 'raw'], 'pem');
  const toFile = option('--output <file>', 'write to a file instead of standard output');
  addVerb<{ format: 'pem' | 'raw' }>(
    key,
    output,
    'export NAME',
    'Export the public half of a key',
    'hanaper key export release --output release.pem',
    [format, toFile],
    async (session, options, name = '') => (await import('./commands/key.ts')).exportPublic(session, name, options),
  );
  addVerb(
    key,
    output,
    'revoke NAME',
    'Revoke a key, and all trust in it',
    'hanaper key revoke release',
    [],
    async (session, _, name = '') => (await import('./commands/key.ts')).revoke(session, name),
  );
}

function addTrustCommands(program: Command, output: Output): void {
  const trust = program
    .command('trust')
    .summary('Trusted keys')
    .description('Public keys that an organisation trusts.');
  const name = option('--name <name>', 'a name for the key (default: the name of the file)');
  addVerb<{ name?: string }>(
    trust,
    output,
    'add FILE',
    'Trust a public key: SPKI PEM or 32 raw bytes',
    'hanaper trust add vendor.pem --name vendor',
    [name],
    async (session, options, file = '') => (await import('./commands/trust.ts')).add(session, file, options.name),
  );
  addVerb(trust, output, 'list', 'List what is trusted, and through whom', 'hanaper trust list', [], async (session) =>
    (await import('./commands/trust.ts')).list(session),
  );
  addVerb(
    trust,
    output,
    'revoke FINGERPRINT',
    'Stop trusting a key',
    'hanaper trust revoke FINGERPRINT',
    [],
    async (session, _, fingerprint = '') => (await import('./commands/trust.ts')).revoke(session, fingerprint),
  );
}

function addAclCommands(program: Command, output: Output): void {
  const acl = program.command('acl').summary('Trust between organisations').description('Trust between organisations.');
  const both = [
    required('--parent <org>', 'the organisation that accepts'),
    required('--child <org>', 'the organisation whose keys are accepted'),
  ];
  type Both = { parent: string; child: string };
  addVerb<Both>(
    acl,
    output,
    'grant',
    "Accept another organisation's keys",
    'hanaper acl grant --parent globex --child acme',
    both,
    async (session, options) => (await import('./commands/acl.ts')).grant(session, options),
  );
  addVerb<Both>(
    acl,
    output,
    'revoke',
    'Accept them no longer',
    'hanaper acl revoke --parent globex --child acme',
    both,
    async (session, options) => (await import('./commands/acl.ts')).revoke(session, options),
  );
  addVerb(
    acl,
    output,
    'list',
    'List whose keys are accepted by whom',
    'hanaper acl list --org globex',
    [],
    async (session) => (await import('./commands/acl.ts')).list(session),
  );
}

function addPackageCommands(program: Command, output: Output): void {
  const pkg = program.command('package').summary('Packages').description('Any file: signed, verified, loaded.');
  const name = option('--name <name>', 'the name it is signed under (default: the name of the file)');
  const signOptions = [
    required('--key <name>', 'the signing key'),
    name,
    choice('--format <format>', 'a signed statement, or the bare hash', ['dsse', 'v1'], 'dsse'),
    option('--output <file>', 'the signature file (default: FILE.sig)'),
    option('--store', 'keep the signature in the database too'),
    option('--expires <when>', 'when it ends to be valid: 90d, 12h, or 2026-12-31T00:00:00Z'),
  ];
  addVerb<SignOptions>(
    pkg,
    output,
    'sign FILE',
    'Sign a file',
    'hanaper package sign plugin.wasm --key release --expires 90d',
    signOptions,
    async (session, options, file = '') => (await import('./commands/package.ts')).sign(session, file, options),
  );
  const verifyOptions = [
    option('--signature <file>', 'the signature file (default: FILE.sig and the database)'),
    name,
    option('--trust-key <file>', 'trust this public key and open no database; may be repeated').argParser(collect),
  ];
  const offline = 'hanaper package verify plugin.wasm --trust-key release.pem';
  addVerb<VerifyOptions>(
    pkg,
    output,
    'verify FILE',
    'Verify a file, by the database or offline',
    offline,
    verifyOptions,
    async (session, options, file = '') => (await import('./commands/package.ts')).verify(session, file, options),
  );
  addVerb(
    pkg,
    output,
    'signatures FILE',
    'List the signatures of a file',
    'hanaper package signatures plugin.wasm',
    [],
    async (session, _, file = '') => (await import('./commands/package.ts')).signatures(session, file),
  );
  const loadOptions = [
    option('--call <export>', 'call an exported function, and print what it returns'),
    option('--unsigned', 'load without verifying anything'),
  ];
  addVerb<LoadOptions>(
    pkg,
    output,
    'load FILE',
    'Verify a file and run it from the verified bytes',
    'hanaper package load plugin.wasm --call answer',
    loadOptions,
    async (session, options, file = '') => (await import('./commands/load.ts')).load(session, file, options),
  );
}

function addCompletionCommand(program: Command, output: Output): void {
  addVerb(
    program,
    output,
    'completion SHELL',
    'Print a completion script for bash, zsh or fish',
    'hanaper completion bash > ~/.local/share/bash-completion/completions/hanaper',
    [],
    async (_session, _options, shell = '') => (await import('./commands/completion.ts')).completion(program, shell),
  );
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
