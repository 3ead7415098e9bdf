import type { Command } from 'commander';
import type { ChangeOptions } from '../commands/database.ts';
import type { MigrateOptions } from '../commands/database-migrate.ts';
import type { InitOptions } from '../commands/init.ts';
import { addVerb, choice, option, wholeNumber } from '../define.ts';
import type { Output } from '../output.ts';

const costOptions = () => [
  choice('--security <level>', 'Argon2id costs by name', ['interactive', 'balanced', 'sensitive']),
  option('--memory <kib>', 'Argon2id memory in KiB', wholeNumber),
  option('--passes <n>', 'Argon2id passes', wholeNumber),
  option('--lanes <n>', 'Argon2id lanes', wholeNumber),
  option('--allow-weak', 'accept a passphrase that is easily guessed'),
];

/** `init`, `status`, `validate`. */
export function addDatabaseCommands(program: Command, output: Output): void {
  addVerb<InitOptions>(program, output, {
    usage: 'init',
    summary: 'Initialise a database, with its master key',
    example: 'hanaper init --org acme',
    options: [choice('--slot <kind>', 'what it is reached by', ['passphrase', 'raw', 'derived']), ...costOptions()],
    act: async (session, options) => (await import('../commands/init.ts')).init(session, options),
  });
  addVerb(program, output, {
    usage: 'status',
    summary: 'Show a database without unlocking it',
    example: 'hanaper status --json',
    act: async (session) => (await import('../commands/database.ts')).status(session),
  });
  addVerb(program, output, {
    usage: 'validate',
    summary: 'Check a whole database: pages, authority, slots, keys',
    example: 'hanaper validate --passphrase-file passphrase.txt',
    act: async (session) => (await import('../commands/database.ts')).validate(session),
  });
}

/** `passphrase change`. */
export function addPassphraseVerbs(noun: Command, output: Output): void {
  addVerb<ChangeOptions>(noun, output, {
    usage: 'change',
    summary: 'Replace the passphrase; nothing else is re-encrypted',
    example: 'hanaper passphrase change --passphrase-file old.txt --new-passphrase-file new.txt',
    options: [
      option('--new-passphrase-file <file>', 'read the new one from a file, or "-" (HANAPER_NEW_PASSPHRASE)'),
      option('--new-raw-key-file <file>', 'go over to a raw 32-byte key in a file, or "-"'),
      ...costOptions(),
    ],
    act: async (session, options) => (await import('../commands/database.ts')).changePassphrase(session, options),
  });
}

/** `database unlock`, `lock`, `migrate`. */
export function addLockVerbs(noun: Command, output: Output): void {
  addVerb(noun, output, {
    usage: 'unlock',
    summary: 'Unlock a server with its passphrase',
    example: 'hanaper database unlock --server http://localhost:7373 --passphrase-file passphrase.txt',
    remote: true,
    act: async (session) => (await import('../commands/database-lock.ts')).unlock(session),
  });
  addVerb(noun, output, {
    usage: 'lock',
    summary: 'Lock a server: it reads and verifies on, and signs no more',
    example: 'hanaper database lock --server https://hanaper.example --as ops.pem --proof ops.ucan',
    remote: true,
    act: async (session) => (await import('../commands/database-lock.ts')).lock(session),
  });
  addVerb<MigrateOptions>(noun, output, {
    usage: 'migrate',
    summary: 'Bring the schema to the newest version, or with --to down to an older one, for an older Hanaper',
    example: 'hanaper database migrate --to 6',
    options: [
      option('--to <version>', 'the version to go down to: what came later is lost (0: everything)', wholeNumber),
      option('--yes', 'do not ask before something is lost'),
    ],
    act: async (session, options) => (await import('../commands/database-migrate.ts')).migrate(session, options),
  });
}
