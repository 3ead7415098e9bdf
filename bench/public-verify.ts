import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { encodeHex } from 'hanaper/bytes';
import { sha256 } from 'hanaper/crypto';
import { parseSignatureFile } from 'hanaper/signature';
import type { Line, Subject } from './line.ts';
import { medianOf } from './measure.ts';
import { type Load, Served } from './served.ts';
import { Workshop } from './workshop.ts';

const subject = 'public-verify';
const requests = 3000;
const clients = 16;
const rounds = 5;
const bareRounds = 2000;
const bound = 1.5;

/** Verification for anybody: hardly more than an answer that is always the same, and the verification of one signature. */
export const publicVerify: Subject = {
  name: subject,
  title: 'public verification of one signature over HTTP, server CPU',
  async measure() {
    using workshop = new Workshop();
    const body = createQuery(workshop);
    await using served = await Served.start(workshop, ['--passphrase-file', join(workshop.folder, 'passphrase')]);
    const type = 'application/json';
    const verification = { path: '/api/verify', method: 'POST', type, bodies: Array(requests).fill(body) } as const;
    const nothing = Array(requests).fill(new Uint8Array(0));
    const constant = { path: '/healthz', method: 'GET', type, bodies: nothing } as const;
    const loads: { readonly verification: Load; readonly constant: Load }[] = [];
    const bare: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const load = {
        verification: await served.load(verification, clients),
        constant: await served.load(constant, clients),
      };
      bare.push(bareVerification());
      if (round > 0) loads.push(load);
    }
    const value = medianOf(loads.map((load) => load.verification.cpu));
    const [answer, signature] = [medianOf(loads.map((load) => load.constant.cpu)), medianOf(bare)];
    const ratio = value / (answer + signature);
    return [
      { ...line('server CPU of one verification', value, rounds), ratio, bound, pass: ratio <= bound },
      line('server CPU of a constant answer', answer, rounds),
      line('node:crypto: import the key, verify', signature, bare.length),
      line('p50, 16 clients', medianOf(loads.flatMap((load) => load.verification.times)), requests * rounds),
    ];
  },
};

function createQuery(workshop: Workshop): Uint8Array {
  const path = workshop.createPackage('small.wasm', 1024);
  workshop.hanaper('org', 'set', 'acme', '--public-verification', 'on');
  const query = {
    hash: encodeHex(sha256(readFileSync(path))),
    name: basename(path),
    organisation: 'acme',
    signatures: parseSignatureFile(readFileSync(`${path}.sig`)),
  };
  return Buffer.from(JSON.stringify(query));
}

function bareVerification(): number {
  const message = randomBytes(420);
  const key = { key: publicKey, format: 'raw-public', asymmetricKeyType: 'ed25519' } as const;
  const before = process.cpuUsage();
  for (let i = 0; i < bareRounds; i++) verify(null, message, createPublicKey(key), signature);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / bareRounds;
}

// Any key will do: a verification that fails takes as long.
const publicKey = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');
const signature = Buffer.alloc(64, 1);

function line(name: string, value: number, count: number): Line {
  return { subject, name, value, unit: 'ms', rounds: count };
}
