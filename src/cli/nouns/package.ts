import type { Command } from 'commander';
import type { LoadOptions } from '../commands/load.ts';
import type { AttachOptions } from '../commands/package-attach.ts';
import type { ListOptions } from '../commands/package-list.ts';
import type { ProofOptions } from '../commands/package-proof.ts';
import type { SignOptions } from '../commands/package-sign.ts';
import type { PackageVerifyOptions } from '../commands/package-verify.ts';
import { addListVerb, addVerb, choice, option, repeated, required } from '../define.ts';
import type { Output } from '../output.ts';

const name = () => option('--name <name>', 'the name it is signed under (default: the name of the file)');

const checksums = () =>
  option('--checksums <file>', 'each file that this list of sha256sum names, by its line, and no others');

const signOptions = () => [
  required('--key <name>', 'the signing key'),
  name(),
  checksums(),
  choice('--format <format>', 'a signed statement, or the bare hash', ['dsse', 'v1'], 'dsse'),
  option('--output <file>', 'the signature file (default: FILE.sig)'),
  option('--store', 'keep the signature in the database too'),
  option('--expires <when>', 'when it expires: 90d, 12h, or 2026-12-31T00:00:00Z'),
  option('--proof', 'without a file behind it: add to FILE.proof.json too, for who has no database'),
];

const bundleOptions = () => [
  option('--trust-bundle <file>', 'trust what this bundle of --authority says, and open no database'),
  option('--trust-state <file>', 'what was seen before, against older bundles; "none": nothing is remembered'),
  option('--require-state', 'refuse a bundle that cannot be told from an older one: none was seen before'),
];

const proofOption = () =>
  repeated('--proof <file>', 'where in the log signatures stand (default: FILE.proof.json); may be repeated');

// How a file is verified, whether or not it is run then.
const trustOptions = () => [
  option('--signature <file>', 'the signature file (default: FILE.sig and the database)'),
  choice('--source <source>', 'whose signatures count: both, FILE.sig if it has any, or the database', [
    'auto',
    'file-first',
    'database',
  ]),
  name(),
  repeated('--trust-key <file>', 'trust this public key and open no database; may be repeated'),
  ...bundleOptions(),
  proofOption(),
];

const loadOptions = () => [
  option('--call <export>', 'call an exported function, and print what it returns'),
  option('--unsigned', 'load without verifying anything'),
  ...trustOptions(),
];

/** `package sign`, `verify`, `proof`, `attach`, `list`, `signatures`, `load`. */
export function addPackageVerbs(noun: Command, output: Output): void {
  addUses(noun, output);
  addRecords(noun, output);
}

/** `sign` and `verify`, short for those of `package`. `isCalled` says whether the command line names one. */
export function addPackageShortcuts(program: Command, output: Output, isCalled: (name: string) => boolean): void {
  for (const [name, add] of [
    ['sign', addSign],
    ['verify', addVerify],
  ] as const) {
    if (isCalled(name)) add(program, output, `hanaper ${name}`);
    else program.command(name).summary(shortcuts[name]);
  }
}

const shortcuts = { sign: 'Sign files', verify: 'Verify files, by the database or offline' };

function addSign(parent: Command, output: Output, words: string): void {
  addListVerb<SignOptions>(parent, output, {
    usage: 'sign [FILE...]',
    summary: shortcuts.sign,
    example: `${words} plugin.wasm --key release --expires 90d`,
    options: signOptions(),
    mayProve: true,
    remote: true,
    act: async (session, options, files) =>
      (await import('../commands/package-files.ts')).sign(session, files, options),
  });
}

function addVerify(parent: Command, output: Output, words: string): void {
  addListVerb<PackageVerifyOptions>(parent, output, {
    usage: 'verify [FILE...]',
    summary: shortcuts.verify,
    example: `${words} plugin.wasm --trust-key release.pem`,
    options: [...trustOptions(), checksums()],
    instead: 'Whom you trust is decided here: verify by the database, or offline with --trust-key FILE.',
    act: async (session, options, files) =>
      (await import('../commands/package-files.ts')).verify(session, files, options),
  });
}

function addUses(noun: Command, output: Output): void {
  addSign(noun, output, 'hanaper package sign');
  addVerify(noun, output, 'hanaper package verify');
  addVerb<LoadOptions>(noun, output, {
    usage: 'load FILE',
    summary: 'Verify a file and run it from the verified bytes',
    example: 'hanaper package load plugin.wasm --call answer',
    options: loadOptions(),
    act: async (session, options, file) => (await import('../commands/load.ts')).load(session, file, options),
  });
}

function addRecords(noun: Command, output: Output): void {
  addVerb<ProofOptions>(noun, output, {
    usage: 'proof FILE',
    summary: 'Write down where in the log the signatures of a file stand, for who has no database',
    example: 'hanaper package proof plugin.wasm',
    options: [
      option('--signature <file>', 'the signature file (default: FILE.sig)'),
      option('--output <file>', 'the proof (default: FILE.proof.json)'),
    ],
    remote: true,
    act: async (session, options, file) => (await import('../commands/package-proof.ts')).prove(session, file, options),
  });
  addVerb<AttachOptions>(noun, output, {
    usage: 'attach FILE',
    summary: 'Keep signatures of a file that were made elsewhere, by keys that are trusted',
    example: 'hanaper package attach plugin.wasm --signature plugin.wasm.sig',
    options: [option('--signature <file>', 'the signature file (default: FILE.sig)'), name()],
    remote: true,
    act: async (session, options, file) =>
      (await import('../commands/package-attach.ts')).attach(session, file, options),
  });
  addVerb<ListOptions>(noun, output, {
    usage: 'list',
    summary: 'List what was signed, by which key and for whom, as the log tells',
    example: "hanaper package list --key release --name 'plugin-*' --since 30d",
    options: [
      option('--key <key>', 'by this key: its name or its fingerprint'),
      option('--name <glob>', 'of this file name; * is any run of characters but /'),
      option('--since <when>', 'from then on: 30d ago, 12h ago, or a time'),
    ],
    remote: true,
    act: async (session, options) => (await import('../commands/package-list.ts')).list(session, options),
  });
  addVerb(noun, output, {
    usage: 'signatures FILE',
    summary: 'List the signatures of a file',
    example: 'hanaper package signatures plugin.wasm',
    remote: true,
    act: async (session, _, file) => (await import('../commands/package-signatures.ts')).signatures(session, file),
  });
}
