import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';

const asymmetricKeyType = 'ed25519';
const seed = randomBytes(32);
const message = randomBytes(420);
const context = message.subarray(0, 160);
const privateKey = createPrivateKey({ key: seed, format: 'raw-private', asymmetricKeyType });
const publicKey = createPublicKey(privateKey).export({ format: 'raw-public' });
const signature = sign(null, message, privateKey);
const nonce = randomBytes(12);
const cipher = createCipheriv('aes-256-gcm', seed, nonce, { authTagLength: 16 }).setAAD(context);
const sealed = Buffer.concat([cipher.update(seed), cipher.final()]);
const tag = cipher.getAuthTag();

/** One signature verified, its key imported: node:crypto, and nothing around it. */
export function verifyBarely(): void {
  const key = createPublicKey({ key: publicKey, format: 'raw-public', asymmetricKeyType });
  if (!verify(null, message, key, signature)) throw new Error('the bare verification failed');
}

/**
 * What a request to sign must contain: the invocation's signature; the key that opens the signing key, and the signature of
 * the package; the identity key, and the signature of the receipt; the CIDs and digests of invocation and receipt.
 */
export function signBarely(): void {
  verifyBarely();
  open();
  for (const info of ['hanaper/v1/key-encryption', 'hanaper/v1/identity']) {
    hkdfSync('sha256', seed, new Uint8Array(0), info, 32);
    sign(null, message, createPrivateKey({ key: seed, format: 'raw-private', asymmetricKeyType }));
  }
  for (let hash = 0; hash < 5; hash++) createHash('sha256').update(message).digest();
}

function open(): void {
  const decipher = createDecipheriv('aes-256-gcm', seed, nonce, { authTagLength: 16 });
  decipher.setAAD(context).setAuthTag(tag);
  decipher.update(sealed);
  decipher.final();
}
