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
    await using bare = await Served.startBare(workshop, 'verify');
    await using constant = await Served.startBare(workshop, 'nothing');
    const query = { path: '/api/verify', method: 'POST', type, bodies: Array(requests).fill(body) } as const;
    const loads: { readonly [Name in 'ours' | 'bare' | 'constant']: Load }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const load = {
        ours: await served.load(query, clients),
        bare: await bare.load(query, clients),
        constant: await constant.load(query, clients),
      };
      if (round > 0) loads.push(load);
    }
    const value = medianOf(loads.map(({ ours }) => ours.cpu));
    const peer = medianOf(loads.map((load) => load.bare.cpu));
    const ratio = value / peer;
    return [
      { ...line('server CPU of one verification', value, rounds), ratio, bound, pass: ratio <= bound },
      line('a bare server that verifies, always the same answer', peer, rounds),
      line('the same without verifying', medianOf(loads.map((load) => load.constant.cpu)), rounds),
      line('p50, 16 clients', medianOf(loads.flatMap(({ ours }) => ours.times)), requests * rounds),
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

function line(name: string, value: number, count: number): Line {
  return { subject, name, value, unit: 'ms', rounds: count };
}
