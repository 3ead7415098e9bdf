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
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from 'hanaper/crypto';
import { decodeIdentityKey } from 'hanaper/did';
import {
  type Delegation,
  decodeDelegation,
  encodeContainer,
  type Signer,
  signerOf,
  signInvocation,
  unpackTokens,
} from 'hanaper/ucan';
import type { Line, Subject } from './line.ts';
import { medianOf } from './measure.ts';
import { type Load, percentile, Served } from './served.ts';
import { Workshop } from './workshop.ts';

const subject = 'server-sign';
const requests = 2000;
const clients = 16;
const rounds = 5;
const bareRounds = 1000;
/** The share of the server's processor time that must be cryptography, at least: so many times the bare one at most. */
const bound = 1 / 0.45;

/** Signatures over HTTP, each durable: what the server does beside the cryptography that the request must contain. */
export const serverSign: Subject = {
  name: subject,
  title: '/package/sign by invocation over HTTP, durable on SQLite, chain known, clients in other processes',
  async measure() {
    using workshop = new Workshop();
    const job = await createJob(workshop);
    await using served = await Served.start(workshop, ['--passphrase-file', join(workshop.folder, 'passphrase')]);
    await send(served, job, clients);
    const loads: Load[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(bareCryptography());
      loads.push(await send(served, job, clients));
      bare.push(bareCryptography());
    }
    const value = medianOf(loads.map(({ cpu }) => cpu));
    const peer = medianOf(bare);
    const ratio = value / peer;
    return [
      { ...line('server CPU of one signature, 16 clients', value, rounds), ratio, bound, pass: ratio <= bound },
      line('verify, HKDF, AES-GCM, two signatures, hashes', peer, bare.length),
      ...(await describeLoads(served, job)),
    ];
  },
};

interface Job {
  readonly signer: Signer;
  readonly delegation: Delegation;
}

async function createJob(workshop: Workshop): Promise<Job> {
  const [key, token] = ['ci.pem', 'ci.ucan'].map((name) => join(workshop.folder, name)) as [string, string];
  workshop.hanaper('key', 'create', 'release');
  workshop.hanaper('identity', 'create', '--output', key);
  const signer = await signerOf(await decodeIdentityKey(Secret.adopt(readFileSync(key))));
  const policy = '[["==", ".name", "plugin.wasm"]]';
  const delegate = ['--command', '/package/sign', '--policy', policy, '--output', token];
  workshop.hanaper('ucan', 'delegate', '--org', 'acme', '--audience', signer.did, ...delegate);
  const [bytes = new Uint8Array(0)] = await unpackTokens(readFileSync(token));
  return { signer, delegation: decodeDelegation(bytes) };
}

async function send(served: Served, { signer, delegation }: Job, connections: number, count = requests): Promise<Load> {
  const expiration = Math.floor(Date.now() / 1000) + 600;
  const bodies: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const invocation = await signInvocation(signer, {
      subject: delegation.issuer,
      command: '/package/sign',
      args: { name: 'plugin.wasm', hash: randomBytes(32).toString('hex'), key: 'release' },
      proofs: [delegation.cid],
      expiration,
    });
    bodies.push(await encodeContainer([invocation.bytes, delegation.bytes], 'raw'));
  }
  const type = 'application/vnd.ucan.container';
  return served.load({ path: '/api/invoke', method: 'POST', type, bodies }, connections);
}

async function describeLoads(served: Served, job: Job): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const connections of [1, 16, 64]) {
    const { times, perSecond } = await send(served, job, connections, connections === 1 ? requests / 4 : requests);
    const who = `${connections} client${connections === 1 ? '' : 's'}, ${perSecond.toFixed(0)} requests a second`;
    lines.push(line(`${who}: p50`, percentile(times, 0.5), times.length));
    lines.push(line(`${who}: p99`, percentile(times, 0.99), times.length));
  }
  return lines;
}

const seed = randomBytes(32);
const message = randomBytes(420);
const key = createPrivateKey({ key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' });
const publicKey = createPublicKey(key).export({ format: 'raw-public' });
const signature = sign(null, message, key);

const nonce = randomBytes(12);
const cipher = createCipheriv('aes-256-gcm', seed, nonce, { authTagLength: 16 }).setAAD(message.subarray(0, 160));
const sealed = Buffer.concat([cipher.update(seed), cipher.final()]);
const tag = cipher.getAuthTag();

// A sealed signing key.
function open(): void {
  const decipher = createDecipheriv('aes-256-gcm', seed, nonce, { authTagLength: 16 });
  decipher.setAAD(message.subarray(0, 160)).setAuthTag(tag);
  decipher.update(sealed);
  decipher.final();
}

/** Milliseconds of processor time of what one request must contain, with node:crypto and nothing around it. */
function bareCryptography(): number {
  const before = process.cpuUsage();
  for (let i = 0; i < bareRounds; i++) {
    // The invocation's signature.
    const from = createPublicKey({ key: publicKey, format: 'raw-public', asymmetricKeyType: 'ed25519' });
    if (!verify(null, message, from, signature)) throw new Error('the bare verification failed');
    // The key that opens the signing key, the signature of the package; the identity key, the signature of the receipt.
    for (const info of ['hanaper/v1/key-encryption', 'hanaper/v1/identity']) {
      hkdfSync('sha256', seed, new Uint8Array(0), info, 32);
      sign(null, message, createPrivateKey({ key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' }));
    }
    open();
    // CIDs and payload digests of invocation and receipt, the effects of the entry.
    for (let hash = 0; hash < 5; hash++) createHash('sha256').update(message).digest();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / bareRounds;
}

function line(name: string, value: number, count: number): Line {
  return { subject, name, value, unit: 'ms', rounds: count };
}
