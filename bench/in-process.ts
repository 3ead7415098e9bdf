import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLoader, openAuthority, type TrustMaterial } from 'hanaper';
import { encodeHex } from 'hanaper/bytes';
import { sha256 } from 'hanaper/crypto';
import { decodeSignature, type PackageSignature, parseSignatureFile, verifySignatures } from 'hanaper/signature';
import { compare, type Subject } from './line.ts';
import { alternate, timeOfOne } from './measure.ts';
import { Workshop } from './workshop.ts';

const subject = 'in-process';
const name = 'small.wasm';
const length = 1024;
const rounds = 1001;
// Short enough that most batches are not interrupted by other processes.
const batch = 10;
const bound = 1.3;

/** A small package in a running process: all that Hanaper reads and checks around one Ed25519 verification. */
export const inProcess: Subject = {
  name: subject,
  title: 'verification of 1 KB in process, trust loaded',
  async measure() {
    using workshop = new Workshop();
    const path = workshop.createPackage(name, length);
    await using authority = await openAuthority({ database: workshop.database });
    const bytes = readFileSync(path);
    const file = readFileSync(`${path}.sig`);
    const material = await authority.trustFor({ packageHash: encodeHex(sha256(bytes)) });
    const trust = { trustFor: async () => material };
    const security = { requireSignatures: true, verificationOrg: 'acme' };
    const loader = createLoader({ security, trust });
    const bare = bareVerification(decodeSignature(parseSignatureFile(file)[0]), material);
    const timings = await alternate(rounds, [
      { name: 'hash, decode, verifySignatures', run: () => timeOfOne(batch, () => verifyAll(bytes, file, material)) },
      { name: 'node:crypto: import the key, verify', run: () => timeOfOne(batch, bare) },
      { name: 'createLoader(…).read(path)', run: () => timeOfOne(batch, () => loader.read(path)) },
    ]);
    return compare(subject, timings, bound);
  },
};

async function verifyAll(bytes: Uint8Array, file: Uint8Array, { keys }: TrustMaterial): Promise<void> {
  const hash = encodeHex(sha256(bytes));
  const candidates = parseSignatureFile(file).map((document) => ({
    origin: 'detached' as const,
    signature: decodeSignature(document),
  }));
  await verifySignatures({ hash, name }, candidates, keys, new Date());
}

// The very message, signature and key that are verified above, without anything around them.
function bareVerification({ message, signature, keyFingerprint }: PackageSignature, { keys }: TrustMaterial) {
  const key = Buffer.from(keys.get(keyFingerprint)?.publicKey ?? []);
  return () => {
    const publicKey = createPublicKey({ key, format: 'raw-public', asymmetricKeyType: 'ed25519' });
    if (!verify(null, message, publicKey, signature)) throw new Error('the bare verification failed');
  };
}
