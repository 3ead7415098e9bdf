import { randomBytes } from 'node:crypto';
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
// Of the server's processor time at least 45 % is the cryptography that the request must contain.
const bound = 1 / 0.45;

/** Signatures over HTTP, each durable: what the server does beside the cryptography that the request must contain. */
export const serverSign: Subject = {
  name: subject,
  title: '/package/sign by invocation over HTTP, durable on SQLite, chain known, clients in other processes',
  async measure() {
    using workshop = new Workshop();
    const job = await createJob(workshop);
    await using served = await Served.start(workshop, ['--passphrase-file', join(workshop.folder, 'passphrase')]);
    await using bare = await Served.startBare(workshop, 'sign');
    await using constant = await Served.startBare(workshop, 'nothing');
    const loads: { readonly [Name in 'ours' | 'bare' | 'constant']: Load }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const load = {
        ours: await send(served, job, clients),
        bare: await send(bare, job, clients),
        constant: await send(constant, job, clients),
      };
      if (round > 0) loads.push(load);
    }
    const value = medianOf(loads.map(({ ours }) => ours.cpu));
    const cryptography =
      medianOf(loads.map((load) => load.bare.cpu)) - medianOf(loads.map((load) => load.constant.cpu));
    const ratio = value / cryptography;
    return [
      { ...line('server CPU of one signature, 16 clients', value, rounds), ratio, bound, pass: ratio <= bound },
      line('the cryptography of a request, in a bare server', cryptography, rounds),
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

function line(name: string, value: number, count: number): Line {
  return { subject, name, value, unit: 'ms', rounds: count };
}
