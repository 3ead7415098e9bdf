import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePublicKeyPem, fingerprintOf, generateSeed, publicKeyOf, type Secret } from 'hanaper/crypto';
import { signStatement } from 'hanaper/signature';
import type { Line, Subject } from './line.ts';
import { medianOf } from './measure.ts';
import { type Load, type Requests, Served } from './served.ts';
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
    using seed = generateSeed();
    await trust(workshop, seed);
    await using served = await Served.start(workshop, ['--passphrase-file', join(workshop.folder, 'passphrase')]);
    await using bare = await Served.startBare(workshop, 'verify');
    await using constant = await Served.startBare(workshop, 'nothing');
    const loads: { readonly [Name in 'first' | 'again' | 'bare' | 'constant']: Load }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const query = await createQueries(seed);
      const load = {
        first: await served.load(query, clients),
        again: await served.load(query, clients),
        bare: await bare.load(query, clients),
        constant: await constant.load(query, clients),
      };
      if (round > 0) loads.push(load);
    }
    const cpuOf = (name: keyof (typeof loads)[number]) => medianOf(loads.map((load) => load[name].cpu));
    const [first, again, peer] = [cpuOf('first'), cpuOf('again'), cpuOf('bare')];
    return [
      {
        ...line('a signature never asked about before', first),
        ratio: first / peer,
        bound,
        pass: first / peer <= bound,
      },
      { ...line('a signature asked about again', again), ratio: again / peer, bound, pass: again / peer <= bound },
      line('a bare server that verifies, always the same answer', peer),
      line('the same without verifying', cpuOf('constant')),
      line('p50 of the first, 16 clients', medianOf(loads.flatMap(({ first }) => first.times))),
    ];
  },
};

async function trust(workshop: Workshop, seed: Secret): Promise<void> {
  const path = join(workshop.folder, 'signer.pem');
  writeFileSync(path, encodePublicKeyPem(await publicKeyOf(seed)));
  workshop.hanaper('trust', 'add', path);
  workshop.hanaper('org', 'set', 'acme', '--public-verification', 'on');
}

/** As many packages, each with a signature of its own. */
async function createQueries(seed: Secret): Promise<Requests> {
  const keyFingerprint = fingerprintOf(await publicKeyOf(seed));
  const signedAt = new Date().toISOString();
  const name = 'small.wasm';
  const bodies: Uint8Array[] = [];
  while (bodies.length < requests) {
    const packageHash = randomBytes(32).toString('hex');
    const statement = { name, packageHash, organisation: 'did:example:acme', keyFingerprint, signedAt };
    const signatures = [await signStatement(seed, statement)];
    bodies.push(Buffer.from(JSON.stringify({ hash: packageHash, name, organisation: 'acme', signatures })));
  }
  return { path: '/api/verify', method: 'POST', type: 'application/json', bodies };
}

function line(name: string, value: number): Line {
  return { subject, name, value, unit: 'ms', rounds };
}
