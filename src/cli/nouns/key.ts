import type { Command } from 'commander';
import type { AddKeyOptions, ExportOptions } from '../commands/key.ts';
import { addVerb, choice, option, required } from '../define.ts';
import type { Output } from '../output.ts';
import { type RevocationOptions, revocationOptions } from '../revocation-options.ts';

const label = () => option('--label <text>', 'what people call it: up to 255 characters');
const noTrust = () => option('--no-trust', 'do not have the organisation trust the key yet');

/** `key create`, `import`, `list`, `show`, `export`, `rotate`, `revoke`. A KEY is a name or a fingerprint. */
export function addKeyVerbs(noun: Command, output: Output): void {
  addVerb<AddKeyOptions>(noun, output, {
    usage: 'create NAME',
    summary: 'Create a signing key, sealed',
    example: 'hanaper key create release',
    options: [label(), noTrust()],
    remote: true,
    act: async (session, options, name) => (await import('../commands/key.ts')).create(session, name, options),
  });
  addVerb<AddKeyOptions>(noun, output, {
    usage: 'import NAME FILE',
    summary: 'Import an Ed25519 private key: PKCS#8 PEM or 32 raw bytes',
    example: 'hanaper key import legacy legacy.pem',
    options: [label(), noTrust()],
    remote: true,
    act: async (session, options, name, file) =>
      (await import('../commands/key.ts')).importFrom(session, name, file, options),
  });
  addReadingVerbs(noun, output);
  addVerb<{ readonly label: string }>(noun, output, {
    usage: 'amend KEY',
    summary: 'Change the label of a key; an empty one removes it',
    example: 'hanaper key amend release --label "Release key of Acme, 2026"',
    options: [required('--label <text>', 'what people call it: up to 255 characters')],
    remote: true,
    act: async (session, { label: text }, key) =>
      (await import('../commands/key-label.ts')).amendSigning(session, key, text),
  });
  addVerb(noun, output, {
    usage: 'rotate KEY',
    summary: 'Replace a key by a new one of the same name; what it signed stays valid',
    example: 'hanaper key rotate release',
    remote: true,
    act: async (session, _, key) => (await import('../commands/key.ts')).rotate(session, key),
  });
  addVerb<RevocationOptions>(noun, output, {
    usage: 'revoke KEY',
    summary: 'Revoke a key, by its name or fingerprint, and all trust in it',
    example: 'hanaper key revoke release --reason compromised --effective 2026-01-31T12:00:00Z',
    options: revocationOptions(),
    remote: true,
    act: async (session, options, key) => (await import('../commands/key-revoke.ts')).revoke(session, key, options),
  });
}

function addReadingVerbs(noun: Command, output: Output): void {
  addVerb(noun, output, {
    usage: 'list',
    summary: 'List the signing keys, revoked ones as such',
    example: 'hanaper key list',
    remote: true,
    act: async (session) => (await import('../commands/key.ts')).list(session),
  });
  addVerb(noun, output, {
    usage: 'show KEY',
    summary: 'Show one signing key, and the others of its name',
    example: 'hanaper key show release',
    remote: true,
    act: async (session, _, key) => (await import('../commands/key.ts')).show(session, key),
  });
  addVerb<ExportOptions>(noun, output, {
    usage: 'export KEY',
    summary: 'Export the public half of a key',
    example: 'hanaper key export release --output release.pem',
    options: [
      choice('--format <format>', 'SPKI in PEM, or 32 raw bytes', ['pem', 'raw'], 'pem'),
      option('--output <file>', 'write to a file instead of standard output'),
    ],
    remote: true,
    act: async (session, options, key) => (await import('../commands/key.ts')).exportPublic(session, key, options),
  });
}
