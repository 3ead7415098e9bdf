import type { Secret } from '../../crypto/secret.ts';
import { encodeDidKey } from '../../did/did-key.ts';
import { encodeIdentityKeyPem, encryptIdentityKeyPem } from '../../did/identity-key-file.ts';
import { encodeJwk } from '../../did/jwk.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../did/private-key.ts';
import type { SigningKeyType } from '../../did/public-key.ts';
import { HanaperError } from '../../errors.ts';
import { ReservedFile } from '../../package/reserve-file.ts';
import { readPassphrase } from '../../vault/passphrase.ts';
import { requireStrongPassphrase } from '../../vault/strength.ts';
import type { Outcome } from '../output.ts';
import {
  type KeyFileOptions,
  type NewKeyFileOptions,
  readIdentity,
  requireNewKeyPassphrase,
} from '../read-identity.ts';
import type { Session } from '../session.ts';

/** Options of `identity create`. */
export interface CreateIdentityOptions extends NewKeyFileOptions {
  readonly output?: string;
  readonly type: SigningKeyType;
  readonly seal?: boolean;
}

const ownerOnly = 0o600;

/** `hanaper identity create` */
export async function create(session: Session, options: CreateIdentityOptions): Promise<Outcome> {
  const { output = 'identity.pem', type, seal = options.keyPassphraseFile !== undefined, allowWeak } = options;
  if (output === '-') throw noStandardOutput();
  using place = ReservedFile.reserve(output, { mode: ownerOnly, isNew: true });
  using key = await generatePrivateKey(type);
  const did = encodeDidKey(await publicKeyOfPrivate(key));
  if (seal) {
    const passphrase = await requireNewKeyPassphrase(session, options, output);
    requireUsable(passphrase);
    if (!allowWeak) await requireStrongPassphrase(passphrase);
    using pem = await encryptIdentityKeyPem(key, passphrase);
    place.write(pem.bytes);
  } else {
    using pem = await encodeIdentityKeyPem(key);
    place.write(pem.bytes);
  }
  return {
    document: { did, type, output, sealed: seal },
    lines: [
      `The key of ${did}`,
      `was written to ${output}${seal ? ', sealed with its passphrase' : ', which only you can read'}.`,
      '',
      'Give the DID to the person who will delegate to it; the file stays where it is used.',
      `Next, where a power is held: hanaper ucan delegate --org ORG --audience ${did} --command /package/sign`,
    ],
  };
}

/** `hanaper identity show KEYFILE` */
export async function show(session: Session, file: string, options: KeyFileOptions): Promise<Outcome> {
  const publicKey = await publicKeyOfPrivate(await readIdentity(session, file, options));
  const did = encodeDidKey(publicKey);
  return { document: { did, type: publicKey.type, public_jwk: encodeJwk(publicKey) }, lines: [did] };
}

// What could not be typed again anywhere is refused; sealed with are the bytes themselves, so that OpenSSL opens it with them.
function requireUsable(passphrase: Secret): void {
  readPassphrase(passphrase)[Symbol.dispose]();
}

function noStandardOutput(): HanaperError {
  return new HanaperError(
    'usage',
    'A private key is written to a file, never to standard output: name one with --output.',
    {
      option: '--output',
    },
  );
}
