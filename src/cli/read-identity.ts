import { attempt } from '../attempt.ts';
import { equalBytes } from '../bytes.ts';
import { Secret } from '../crypto/secret.ts';
import { decodeIdentityKey } from '../did/identity-key-file.ts';
import type { PrivateKey } from '../did/private-key.ts';
import { HanaperError } from '../errors.ts';
import { readPassphrase } from '../vault/passphrase.ts';
import type { Credential } from '../vault/slot.ts';
import type { CredentialSources } from './credential.ts';
import { askForNew } from './question.ts';
import { readSecretFile } from './read-secret-file.ts';

/** What reading a key file needs of a session. */
export interface KeyReader {
  warn(message: string): void;
  keep<Kept extends Disposable>(kept: Kept): Kept;
  requireCredential(changes?: Partial<CredentialSources>): Promise<Credential>;
  tryCredential<Result>(
    changes: Partial<CredentialSources>,
    use: (credential: Credential) => Promise<Result>,
  ): Promise<Result>;
}

/** Options of every command that reads an identity's key file. */
export interface KeyFileOptions {
  readonly keyPassphraseFile?: string;
}

/** Options of a command that makes one. */
export interface NewKeyFileOptions extends KeyFileOptions {
  /** Accepts a passphrase that is easily guessed. */
  readonly allowWeak?: boolean;
}

/**
 * Reads the key file of an identity: PKCS#8 PEM, sealed or not, JWK, or 64 hex characters. Wiped with the session.
 *
 * @throws HanaperError `bad_input`, `malformed_key`, `wrong_passphrase`, `locked`
 */
export async function readIdentity(session: KeyReader, file: string, options: KeyFileOptions): Promise<PrivateKey> {
  const { content, exposed } = await readSecretFile(file);
  using bytes = content;
  if (exposed) session.warn(`Others than you can read ${file}. Run: chmod 600 ${file}`);
  const question = `Passphrase of ${file}`;
  const key =
    (await openUnsealed(bytes)) ??
    (await session.tryCredential(keySources(options, question), (credential) =>
      openSealed(bytes, passphraseIn(credential)),
    ));
  return session.keep(key);
}

class Sealed extends Error {}

async function openUnsealed(file: Secret): Promise<PrivateKey | undefined> {
  try {
    return await decodeIdentityKey(file, () => Promise.reject(new Sealed()));
  } catch (error) {
    if (error instanceof Sealed) return undefined;
    throw error;
  }
}

// OpenSSL seals with the bytes that it is given; earlier versions of Hanaper have sealed with their prepared form.
async function openSealed(file: Secret, given: Secret): Promise<PrivateKey> {
  try {
    return await decodeIdentityKey(file, async () => Secret.copyOf(given.bytes));
  } catch (error) {
    const isWrong = error instanceof HanaperError && error.code === 'wrong_passphrase';
    const prepared = isWrong ? findOtherForm(given) : undefined;
    if (prepared === undefined) throw error;
    return await decodeIdentityKey(file, async () => prepared);
  }
}

function findOtherForm(given: Secret): Secret | undefined {
  const prepared = attempt(() => readPassphrase(given));
  if (prepared === undefined || !equalBytes(prepared.bytes, given.bytes)) return prepared;
  prepared[Symbol.dispose]();
  return undefined;
}

/**
 * The passphrase of a new key file, byte for byte as it is given or typed.
 *
 * @throws HanaperError `bad_input`, `locked`
 */
export async function requireNewKeyPassphrase(
  session: KeyReader,
  options: NewKeyFileOptions,
  file: string,
): Promise<Secret> {
  const sources = { ...keySources(options, askForNew(file, options)), confirm: true };
  return passphraseIn(await session.requireCredential(sources));
}

function keySources({ keyPassphraseFile }: KeyFileOptions, question: string): Partial<CredentialSources> {
  return {
    rawKeyFile: undefined,
    passphraseFile: keyPassphraseFile ?? (process.env['HANAPER_KEY_PASSPHRASE_FILE'] || undefined),
    variable: 'HANAPER_KEY_PASSPHRASE',
    question,
    isVerbatim: true,
  };
}

function passphraseIn(credential: Credential): Secret {
  if (credential.kind === 'passphrase') return credential.passphrase;
  throw new HanaperError('bad_input', 'A key file is sealed with a passphrase.', { option: '--key-passphrase-file' });
}
