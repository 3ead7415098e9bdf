import type { Command } from 'commander';
import type { CreateIdentityOptions } from '../commands/identity.ts';
import { addVerb, choice, option } from '../define.ts';
import type { Output } from '../output.ts';

/** `identity create`, `show`. */
export function addIdentityVerbs(noun: Command, output: Output): void {
  addVerb<CreateIdentityOptions>(noun, output, {
    usage: 'create',
    summary: 'Create the key of a person or a job, and print its DID',
    example: 'hanaper identity create --output ci.pem',
    options: [
      option('--output <file>', 'the key file to write (default: identity.pem)'),
      choice('--type <type>', 'the kind of key', ['ed25519', 'p256', 'secp256k1'], 'ed25519'),
      option('--seal', 'seal the file with a passphrase'),
      option('--key-passphrase-file <file>', 'read that passphrase from a file, or "-" for standard input'),
      option('--allow-weak', 'accept a passphrase that is easy to guess'),
    ],
    act: async (session, options) => (await import('../commands/identity.ts')).create(session, options),
  });
  addVerb<{ readonly keyPassphraseFile?: string }>(noun, output, {
    usage: 'show KEYFILE',
    summary: 'Print the DID of a key file',
    example: 'hanaper identity show ci.pem',
    options: [option('--key-passphrase-file <file>', 'read its passphrase from a file, or "-" for standard input')],
    act: async (session, options, file) => (await import('../commands/identity.ts')).show(session, file, options),
  });
}
