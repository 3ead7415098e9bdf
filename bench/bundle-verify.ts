import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeHex } from 'hanaper/bytes';
import { sha256 } from 'hanaper/crypto';
import type { PackageSignature } from 'hanaper/signature';
import {
  checkPackageProof,
  createBundleSource,
  decodePackageProof,
  openBundle,
  type PackageProof,
  parseProofFile,
  type TrustMaterial,
  verifyByTrust,
} from 'hanaper/trust';
import type { Line, Subject } from './line.ts';
import { alternate, timeOfOne } from './measure.ts';
import { Workshop } from './workshop.ts';

const subject = 'bundle-verify';
const name = 'small.wasm';
const length = 1024;
const rounds = 501;
const batch = 10;
// Three signatures: that of the bundle, of the checkpoint and of the package.
const boundUnknown = 3.4;
const boundKnown = 1.3;

interface Carried {
  readonly bytes: Uint8Array;
  readonly bundle: Uint8Array;
  readonly proof: Uint8Array;
  readonly authority: string;
}

/** A machine without database and network: what it costs to believe a bundle and a proof. */
export const bundleVerify: Subject = {
  name: subject,
  title: 'verification of 1 KB by a trust bundle and an inclusion proof, in process',
  async measure() {
    using workshop = new Workshop();
    const carried = carry(workshop);
    const known = await openMaterial(carried);
    const { signature } = readProof(carried.proof);
    await verifyOne(carried, known);
    const [unknownTime, knownTime, bare] = await alternate(rounds, [
      {
        name: 'nothing known: bundle, checkpoint, package',
        run: () => timeOfOne(batch, async () => verifyOne(carried, await openMaterial(carried))),
      },
      { name: 'bundle and checkpoint known', run: () => timeOfOne(batch, () => verifyOne(carried, known)) },
      { name: 'node:crypto: import the key, verify', run: () => timeOfOne(batch, bareVerification(signature, known)) },
    ]);
    const peer = bare?.median ?? Number.NaN;
    return [
      line(unknownTime?.name ?? '', unknownTime?.median ?? Number.NaN, { peer, bound: boundUnknown }),
      line(knownTime?.name ?? '', knownTime?.median ?? Number.NaN, { peer, bound: boundKnown }),
      line(bare?.name ?? '', peer),
    ];
  },
};

function carry(workshop: Workshop): Carried {
  const path = workshop.createFile(name, length);
  const bundle = join(workshop.folder, 'acme.trust');
  workshop.hanaper('key', 'create', 'release');
  workshop.hanaper('package', 'sign', path, '--key', 'release', '--proof');
  workshop.hanaper('trust', 'export', '--output', bundle);
  const { payload } = JSON.parse(readFileSync(bundle, 'utf8')) as { readonly payload: string };
  const { authority } = JSON.parse(Buffer.from(payload, 'base64').toString()) as { readonly authority: string };
  return {
    bytes: readFileSync(path),
    bundle: readFileSync(bundle),
    proof: readFileSync(`${path}.proof.json`),
    authority,
  };
}

async function openMaterial({ bundle, authority, bytes }: Carried): Promise<TrustMaterial> {
  const now = new Date();
  const source = createBundleSource(await openBundle(bundle, { authority, now }), () => now);
  return source.trustFor({ packageHash: encodeHex(sha256(bytes)) });
}

async function verifyOne({ bytes, proof: file }: Carried, material: TrustMaterial): Promise<void> {
  const proof = readProof(file);
  const log = await material.openLog?.();
  if (log === undefined) throw new Error('the bundle names no log');
  const places = [await checkPackageProof(proof, log)];
  const candidates = [{ origin: 'detached' as const, signature: proof.signature }];
  const identity = { hash: encodeHex(sha256(bytes)), name };
  const { first } = await verifyByTrust({ identity, candidates, material, now: new Date(), places });
  if (first.place === undefined) throw new Error('the place was not proven');
}

function readProof(file: Uint8Array): PackageProof {
  return decodePackageProof(parseProofFile(file)[0]);
}

// The very message, signature and key that are verified above, without anything around them.
function bareVerification({ message, signature, keyFingerprint }: PackageSignature, { keys }: TrustMaterial) {
  const key = Buffer.from(keys.get(keyFingerprint)?.publicKey ?? []);
  return () => {
    const publicKey = createPublicKey({ key, format: 'raw-public', asymmetricKeyType: 'ed25519' });
    if (!verify(null, message, publicKey, signature)) throw new Error('the bare verification failed');
  };
}

function line(what: string, value: number, held?: { readonly peer: number; readonly bound: number }): Line {
  const ratio = held && value / held.peer;
  return {
    subject,
    name: what,
    value,
    unit: 'ms',
    rounds,
    ...(held && ratio !== undefined && { ratio, bound: held.bound, pass: ratio <= held.bound }),
  };
}
