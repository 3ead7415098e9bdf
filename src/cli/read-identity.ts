import type { Secret } from '../crypto/secret.ts';
import { decodeIdentityKey } from '../did/identity-key-file.ts';
import type { PrivateKey } from '../did/private-key.ts';
import { HanaperError } from '../errors.ts';
import type { Credential } from '../vault/slot.ts';
import type { CredentialSources } from './credential.ts';
import { readSecretFile } from './read-secret-file.ts';

/** What reading a key file needs of a session. */
export interface KeyReader {
  warn(message: string): void;
  keep<Kept extends Disposable>(kept: Kept): Kept;
  requireCredential(changes?: Partial<CredentialSources>): Promise<Credential>;
}

/** Options of every command that reads an identity's key file. */
export interface KeyFileOptions {
  readonly keyPassphraseFile?: string;
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
  const key = await decodeIdentityKey(bytes, () => requireKeyPassphrase(session, options, file));
  return session.keep(key);
}

/**
 * The passphrase of a key file, from where it is given, or asked for.
 *
 * @throws HanaperError `bad_input`, `locked`
 */
export async function requireKeyPassphrase(
  session: KeyReader,
  { keyPassphraseFile }: KeyFileOptions,
  file: string,
  confirm = false,
): Promise<Secret> {
  const credential = await session.requireCredential({
    rawKeyFile: undefined,
    passphraseFile: keyPassphraseFile ?? (process.env['HANAPER_KEY_PASSPHRASE_FILE'] || undefined),
    variable: 'HANAPER_KEY_PASSPHRASE',
    question: confirm ? `New passphrase of ${file}` : `Passphrase of ${file}`,
    confirm,
  });
  if (credential.kind === 'passphrase') return credential.passphrase;
  throw new HanaperError('bad_input', 'A key file is sealed with a passphrase.', { option: '--key-passphrase-file' });
}
