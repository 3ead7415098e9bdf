import type { Command } from 'commander';
import type { AddKeyOptions, ExportOptions } from '../commands/key.ts';
import { addNoun, addVerb, choice, option } from '../define.ts';
import type { Output } from '../output.ts';
import { type RevocationOptions, revocationOptions } from '../revocation-options.ts';

const noTrust = option('--no-trust', 'do not have the organisation trust the key yet');

/** `key create`, `import`, `list`, `show`, `export`, `revoke`. */
export function addKeyCommands(program: Command, output: Output): void {
  const key = addNoun(program, 'key', 'Signing keys');
  addVerb<AddKeyOptions>(key, output, {
    usage: 'create NAME',
    summary: 'Create a signing key, sealed',
    example: 'hanaper key create release',
    options: [noTrust],
    remote: true,
    act: async (session, options, name) => (await import('../commands/key.ts')).create(session, name, options),
  });
  addVerb<AddKeyOptions>(key, output, {
    usage: 'import NAME FILE',
    summary: 'Import an Ed25519 private key: PKCS#8 PEM or 32 raw bytes',
    example: 'hanaper key import legacy legacy.pem',
    options: [noTrust],
    remote: true,
    act: async (session, options, name, file) =>
      (await import('../commands/key.ts')).importFrom(session, name, file, options),
  });
  addReadingVerbs(key, output);
  addVerb(key, output, {
    usage: 'rotate NAME',
    summary: 'Replace a key by a new one of the same name; what it signed stays valid',
    example: 'hanaper key rotate release',
    remote: true,
    act: async (session, _, name) => (await import('../commands/key.ts')).rotate(session, name),
  });
  addVerb<RevocationOptions>(key, output, {
    usage: 'revoke NAME',
    summary: 'Revoke a key, and all trust in it',
    example: 'hanaper key revoke release --reason compromised --effective 2026-01-31T12:00:00Z',
    options: revocationOptions,
    remote: true,
    act: async (session, options, name) => (await import('../commands/key.ts')).revoke(session, name, options),
  });
}

function addReadingVerbs(key: Command, output: Output): void {
  addVerb(key, output, {
    usage: 'list',
    summary: 'List the signing keys, revoked ones as such',
    example: 'hanaper key list',
    remote: true,
    act: async (session) => (await import('../commands/key.ts')).list(session),
  });
  addVerb(key, output, {
    usage: 'show NAME',
    summary: 'Show one signing key',
    example: 'hanaper key show release',
    remote: true,
    act: async (session, _, name) => (await import('../commands/key.ts')).show(session, name),
  });
  addVerb<ExportOptions>(key, output, {
    usage: 'export NAME',
    summary: 'Export the public half of a key',
    example: 'hanaper key export release --output release.pem',
    options: [
      choice('--format <format>', 'SPKI in PEM, or 32 raw bytes', ['pem', 'raw'], 'pem'),
      option('--output <file>', 'write to a file instead of standard output'),
    ],
    remote: true,
    act: async (session, options, name) => (await import('../commands/key.ts')).exportPublic(session, name, options),
  });
}
