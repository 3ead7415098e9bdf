import { decryptAesCbc, derivePbkdf2, deriveScrypt, encryptAesCbc } from '#crypto/pbes2';
import { DerReader } from './der.ts';
import { type EncryptedPrivateKeyInfo, encodeScryptAes256 } from './pbes2.ts';
import { randomBytes } from './random.ts';
import { Secret } from './secret.ts';

// The greatest N at r = 8 within the 32 MiB that OpenSSL allows itself; p makes up for it.
const costs = { cost: 2 ** 14, blockSize: 8, parallelization: 5 } as const;

/** The PKCS#8 inside; `undefined` where the passphrase is another, or the file is damaged. */
export async function decryptPrivateKeyInfo(
  { kdf, keyLength, iv, ciphertext }: EncryptedPrivateKeyInfo,
  passphrase: Secret,
): Promise<Secret | undefined> {
  using key = Secret.hold(
    kdf.name === 'scrypt'
      ? await deriveScrypt(passphrase.bytes, kdf, keyLength)
      : await derivePbkdf2(passphrase.bytes, kdf, keyLength),
  );
  const plaintext = await decryptAesCbc(key.bytes, iv, ciphertext);
  if (plaintext === undefined) return undefined;
  const info = Secret.hold(plaintext);
  if (startsLikePrivateKeyInfo(info.bytes)) return info;
  info[Symbol.dispose]();
  return undefined;
}

/** PKCS#8 encrypted by scrypt (N = 2¹⁴, r = 8, p = 5) and AES-256-CBC: what `openssl pkey` opens. */
export async function encryptPrivateKeyInfo(info: Secret, passphrase: Secret): Promise<Uint8Array<ArrayBuffer>> {
  const parameters = { ...costs, salt: randomBytes(16) };
  const iv = randomBytes(16);
  using key = Secret.hold(await deriveScrypt(passphrase.bytes, parameters, 32));
  const ciphertext = await encryptAesCbc(key.bytes, iv, info.bytes);
  return encodeScryptAes256(parameters, iv, ciphertext);
}

// CBC has no check of its own: one wrong passphrase in 256 leaves padding that looks right.
function startsLikePrivateKeyInfo(der: Uint8Array): boolean {
  try {
    const file = new DerReader(der);
    const info = file.readSequence();
    file.end();
    return info.readUnsigned() <= 1;
  } catch {
    return false;
  }
}
