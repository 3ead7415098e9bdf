import type { Command } from 'commander';
import type { BearerOptions } from '../commands/ucan-bearer.ts';
import type { DelegateOptions } from '../commands/ucan-delegate.ts';
import type { ImportOptions } from '../commands/ucan-import.ts';
import type { InvokeOptions } from '../commands/ucan-invoke.ts';
import type { ListOptions } from '../commands/ucan-list.ts';
import type { RevokeOptions } from '../commands/ucan-revoke.ts';
import type { ShowOptions } from '../commands/ucan-show.ts';
import type { UcanVerifyOptions } from '../commands/ucan-verify.ts';
import { addVerb, choice, option, repeated, required } from '../define.ts';
import type { Output } from '../output.ts';

const encodings = ['raw', 'base64', 'base64url', 'raw-gzip', 'base64-gzip', 'base64url-gzip'];
const keyPassphrase = () => option('--key-passphrase-file <file>', 'the passphrase of the key file, or "-"');
const output = () => option('--output <file>', 'write the container to a file instead of standard output');
const encoding = () => choice('--encoding <encoding>', 'how the container is written', encodings, 'base64url');
const version = () => choice('--version <version>', 'the version to write', ['1.0.0-rc.1', '1.0.0'], '1.0.0-rc.1');
const issuer = () => option('--issuer <keyfile>', 'sign with this key file: PKCS#8 PEM, JWK, or 64 hex characters');
const proof = () => repeated('--proof <file>', 'a token or a container with proofs; may be repeated');

const delegateOptions = () => [
  issuer(),
  keyPassphrase(),
  required('--audience <did>', 'to whom'),
  option('--subject <did>', 'whose power (default: that of who signs)'),
  option('--powerline', 'pass on whatever who signs has, now and later'),
  required('--command <command>', 'what may be done: /package/sign covers /package/sign and all below it'),
  option('--policy <json>', 'what the arguments must keep to, as JSON or @FILE'),
  option('--expires <when>', 'when it ends: 90d, 12h, a time, or never (default: 90d)'),
  option('--not-before <when>', 'when it begins: 1d, or a time'),
  output(),
  encoding(),
  option('--store', 'keep it in the database too'),
  repeated('--proof <file>', 'put the chain that it rests on beside it; may be repeated'),
  version(),
];

const invokeOptions = () => [
  required('--issuer <keyfile>', 'who invokes: PKCS#8 PEM, JWK, or 64 hex characters'),
  keyPassphrase(),
  required('--subject <did>', 'on whose power'),
  required('--command <command>', 'what to do'),
  option('--args <json>', 'with what, as JSON or @FILE (default: {})'),
  option('--audience <did>', 'who shall do it (default: the subject)'),
  option('--expires <when>', 'when it ends: 5m, 1h, or a time (default: 5m)'),
  proof(),
  output(),
  encoding(),
  version(),
];

const verifyOptions = () => [
  proof(),
  option('--at <time>', 'as of this time instead of now'),
  option('--audience <did>', 'who is about to do it: the invocation must be addressed to them'),
  option('--explain', 'tell for each token and rule what held and what did not'),
];

const revokeOptions = () => [
  issuer(),
  keyPassphrase(),
  repeated('--path <cid>', 'the chain to it, from the subject on, by CID or file; may be repeated'),
  option('--reason <text>', 'why, for anyone who asks'),
  option('--output <file>', 'write the revocation to a file, and open no database to record it'),
];

const listOptions = () => [
  option('--audience <did>', 'only those to them'),
  option('--issuer <did>', 'only those by them'),
  option('--subject <did>', 'only those about them'),
  option('--command <command>', 'only those that cover this command'),
  option('--revoked', 'revoked ones too'),
  option('--expired', 'those outside of their time too'),
];

/** `ucan delegate`, `invoke`, `bearer`, `inspect`, `verify`, `revoke`, `list`, `show`, `revoked`, `import`, `prune`. */
export function addUcanVerbs(noun: Command, out: Output): void {
  addMakingVerbs(noun, out);
  addBearerVerb(noun, out);
  addReadingVerbs(noun, out);
  addStoredVerbs(noun, out);
  addKeepingVerbs(noun, out);
}

function addMakingVerbs(noun: Command, out: Output): void {
  addVerb<DelegateOptions>(noun, out, {
    usage: 'delegate',
    summary: 'Delegate a power: with a key file, as an organisation (--org), or as the authority (--authority)',
    example: 'hanaper ucan delegate --org acme --audience did:key:z6Mk… --command /package/sign --output ci.ucan',
    options: delegateOptions(),
    mayActAsAuthority: true,
    remote: true,
    act: async (session, options) => (await import('../commands/ucan-delegate.ts')).delegate(session, options),
  });
  addVerb<InvokeOptions>(noun, out, {
    usage: 'invoke',
    summary: 'Make an invocation, with the proofs that it needs',
    example: 'hanaper ucan invoke --issuer ci.pem --subject did:key:z6Mk… --command /package/sign --proof ci.ucan',
    options: invokeOptions(),
    act: async (session, options) => (await import('../commands/ucan-invoke.ts')).invoke(session, options),
  });
}

function addBearerVerb(noun: Command, out: Output): void {
  addVerb<BearerOptions>(noun, out, {
    usage: 'bearer COMMAND',
    summary: 'Print the Authorization header of one request to a server: "curl -H @-" reads it',
    example: `hanaper ucan bearer /key/create --args '{"name": "release"}' --server URL --as me.pem | curl -H @- …`,
    options: [
      option('--args <json>', 'the arguments of the request, as JSON or @FILE (default: {})'),
      option('--subject <did>', 'on whose power (default: the organisation or the authority, as the command has it)'),
    ],
    remote: true,
    act: async (session, options, command) =>
      (await import('../commands/ucan-bearer.ts')).bearer(session, command, options),
  });
}

function addReadingVerbs(noun: Command, out: Output): void {
  addVerb(noun, out, {
    usage: 'inspect FILE',
    summary: 'Show every field of the tokens in a file, or "-"',
    example: 'hanaper ucan inspect ci.ucan',
    act: async (session, _, file) => (await import('../commands/ucan-inspect.ts')).inspect(session, file),
  });
  addVerb<UcanVerifyOptions>(noun, out, {
    usage: 'verify FILE',
    summary: 'Verify an invocation with its chain, or delegations by themselves',
    example: 'hanaper ucan verify request.ucan --proof ci.ucan --explain',
    options: verifyOptions(),
    act: async (session, options, file) => (await import('../commands/ucan-verify.ts')).verify(session, file, options),
  });
}

function addStoredVerbs(noun: Command, out: Output): void {
  addVerb<ListOptions>(noun, out, {
    usage: 'list',
    summary: 'List the delegations in the database that are live',
    example: 'hanaper ucan list --audience did:key:z6Mk…',
    options: listOptions(),
    remote: true,
    act: async (session, options) => (await import('../commands/ucan-list.ts')).list(session, options),
  });
  addVerb<ShowOptions>(noun, out, {
    usage: 'show CID',
    summary: 'Show one delegation in the database, by its CID: its fields, its state and what revokes it',
    example: 'hanaper ucan show zdpu… --output ci.ucan',
    options: [option('--output <file>', 'write the token to a file too')],
    remote: true,
    act: async (session, options, cid) => (await import('../commands/ucan-show.ts')).show(session, cid, options),
  });
  addVerb(noun, out, {
    usage: 'revoked CID',
    summary: 'Say whether a delegation is revoked: exits 0 if it is not, 5 if it is, 6 if it is not known here',
    example: 'hanaper ucan revoked zdpu… && deploy',
    remote: true,
    act: async (session, _, cid) => (await import('../commands/ucan-show.ts')).requireNotRevoked(session, cid),
  });
}

function addKeepingVerbs(noun: Command, out: Output): void {
  addVerb<RevokeOptions>(noun, out, {
    usage: 'revoke CID|FILE',
    summary: 'Revoke a delegation, and every chain through it',
    example: 'hanaper ucan revoke ci.ucan --org acme --reason "the job is gone"',
    options: revokeOptions(),
    mayActAsAuthority: true,
    remote: true,
    act: async (session, options, what) => (await import('../commands/ucan-revoke.ts')).revoke(session, what, options),
  });
  addVerb<ImportOptions>(noun, out, {
    usage: 'import FILE',
    summary: 'Take in tokens: delegations and revocations, or those of UCAN 0.8 to 0.10 as records',
    example: 'hanaper ucan import old-tokens.db --commands commands.json',
    options: [option('--commands <file>', 'JSON: which command takes the place of which old ability')],
    remote: true,
    act: async (session, options, file) =>
      (await import('../commands/ucan-import.ts')).importTokens(session, file, options),
  });
  addVerb(noun, out, {
    usage: 'prune',
    summary: 'Remove expired delegations from the database; revocations stay',
    example: 'hanaper ucan prune',
    remote: true,
    act: async (session) => (await import('../commands/ucan-list.ts')).prune(session),
  });
}
