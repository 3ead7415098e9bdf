import { equalBytes } from '../bytes.ts';
import { trimAscii } from '../crypto/pem.ts';
import { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import { decodeSecretHex, encodeSecretText } from '../secret-bytes.ts';
import { preparePassphrase, readPassphrase, readPassphraseBytes } from '../vault/passphrase.ts';
import type { Credential } from '../vault/slot.ts';
import { askHidden } from './prompt.ts';
import { readSecretFile } from './read-secret-file.ts';
import { writeText } from './write-text.ts';

/** Where a credential may come from, in this order. */
export interface CredentialSources {
  /** A 32-byte key: file or `-`. */
  readonly rawKeyFile: string | undefined;
  /** A passphrase: file or `-`. */
  readonly passphraseFile: string | undefined;
  /** The variable that may hold a passphrase. */
  readonly variable: 'HANAPER_PASSPHRASE' | 'HANAPER_NEW_PASSPHRASE' | 'HANAPER_KEY_PASSPHRASE';
  /** What a person at a terminal is asked for. */
  readonly question: string;
  /** Whether that is asked twice. */
  readonly confirm: boolean;
  /** Whether a passphrase is handed on byte for byte, and not prepared. */
  readonly isVerbatim?: boolean;
}

/** A credential, and what is worth a warning about where it came from. */
export interface FoundCredential {
  readonly credential: Credential;
  readonly warnings: readonly string[];
  /** Whether a person has typed it, and can type it again. */
  readonly isTyped?: true;
}

const rawKeyLength = 32;
const maxTries = 3;

/**
 * Finds a credential without asking anybody: in a file or the environment.
 *
 * @throws HanaperError `bad_input`
 */
export async function findCredential({
  rawKeyFile,
  passphraseFile,
  variable,
  isVerbatim = false,
}: CredentialSources): Promise<FoundCredential | undefined> {
  if (rawKeyFile !== undefined) return readRawKey(rawKeyFile);
  if (passphraseFile !== undefined) return readPassphraseFile(passphraseFile, readerOf(isVerbatim));
  const value = process.env[variable];
  if (value === undefined || value === '') return undefined;
  delete process.env[variable];
  return {
    credential: { kind: 'passphrase', passphrase: isVerbatim ? bytesOf(value) : preparePassphrase(value) },
    warnings: [`The passphrase came from ${variable}, which other processes of this user can read; a file is safer.`],
  };
}

/**
 * Finds a credential, or asks for a passphrase on the terminal.
 *
 * @throws HanaperError `bad_input`, `locked` where there is neither
 */
export async function requireCredential(sources: CredentialSources): Promise<FoundCredential> {
  const found = await findCredential(sources);
  if (found) return found;
  if (!process.stdin.isTTY) {
    throw new HanaperError(
      'locked',
      `This needs the passphrase, and there is no terminal to ask on. Give ${flagOf(sources)} FILE (or "-" for standard input), or ${sources.variable}.`,
    );
  }
  return { credential: { kind: 'passphrase', passphrase: await askPassphrase(sources) }, warnings: [], isTyped: true };
}

/**
 * Finds a credential, or asks for it, and uses it. What was typed is asked for again while it is wrong, three times in all.
 *
 * @throws HanaperError `bad_input`, `locked`, and what `use` throws
 */
export async function tryCredential<Result>(
  sources: CredentialSources,
  use: (found: FoundCredential) => Promise<Result>,
): Promise<Result> {
  for (let left = maxTries - 1; ; left--) {
    const found = await requireCredential(sources);
    try {
      return await use(found);
    } catch (error) {
      if (!found.isTyped || left === 0 || !isWrong(error)) throw error;
      writeText(2, `That is not the passphrase. ${left === 1 ? 'One more try' : `${left} more tries`}.\n`);
    }
  }
}

function isWrong(error: unknown): boolean {
  return error instanceof HanaperError && error.code === 'wrong_passphrase';
}

function flagOf({ variable }: CredentialSources): string {
  return variable === 'HANAPER_KEY_PASSPHRASE' ? '--key-passphrase-file' : '--passphrase-file';
}

type ReadPassphrase = typeof readPassphrase;

function readerOf(isVerbatim: boolean): ReadPassphrase {
  return isVerbatim ? readPassphraseBytes : readPassphrase;
}

function bytesOf(value: string): Secret {
  return Secret.hold(encodeSecretText(value));
}

async function askPassphrase({ question, confirm, isVerbatim = false }: CredentialSources): Promise<Secret> {
  const read = readerOf(isVerbatim);
  using typed = await askHidden(question);
  const passphrase = read(typed);
  if (!confirm) return passphrase;
  using again = await askHidden('The same again');
  using repeated = read(again);
  if (equalBytes(passphrase.bytes, repeated.bytes)) {
    return passphrase;
  }
  throw new HanaperError('bad_input', 'The two passphrases differ. Nothing was changed.', { field: 'passphrase' });
}

async function readPassphraseFile(path: string, read: ReadPassphrase): Promise<FoundCredential> {
  const { content, exposed } = await readSecretFile(path);
  using file = content;
  return { credential: { kind: 'passphrase', passphrase: read(file) }, warnings: warnExposed(path, exposed) };
}

async function readRawKey(path: string): Promise<FoundCredential> {
  const { content, exposed } = await readSecretFile(path);
  using file = content;
  return { credential: { kind: 'raw', key: decodeRawKey(file) }, warnings: warnExposed(path, exposed) };
}

function decodeRawKey(file: Secret): Secret {
  if (file.length === rawKeyLength) return Secret.copyOf(file.bytes);
  const key = decodeSecretHex(trimAscii(file.bytes));
  if (key?.length === rawKeyLength) return Secret.hold(key);
  throw new HanaperError(
    'bad_input',
    `A raw key file holds 32 bytes, or 64 lower-case hex characters. Make one: openssl rand -out FILE 32.`,
    { field: 'raw key' },
  );
}

function warnExposed(path: string, exposed: boolean): readonly string[] {
  return exposed ? [`Others than you can read ${path}. Run: chmod 600 ${path}`] : [];
}
