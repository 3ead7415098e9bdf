import { createHash } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { decodeSignature } from '../../src/signature/index.ts';
import {
  checkPackageProof,
  createBundleSource,
  openBundle,
  type TrustSource,
  verifyByTrust,
} from '../../src/trust/index.ts';
import { createSigner, now, signBy } from '../support/fixtures.ts';
import { createAuthority, exportBundle, readProof, stateKey, stateOf, TestLog } from '../support/trust.ts';

const count = vi.hoisted(() => ({ verified: 0 }));
vi.mock('#crypto/ed25519', async (load) => {
  const real = await load<typeof import('../../src/crypto/node/ed25519.ts')>();
  const verifyMessage: typeof real.verifyMessage = (...signed) => {
    count.verified++;
    return real.verifyMessage(...signed);
  };
  return { ...real, verifyMessage };
});

const hash = createHash('sha256').update('a package').digest('hex');
const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const authority = await createAuthority();
const log = await TestLog.create(authority);
const document = await signBy(alice, hash);
await log.append(await signBy(bob, hash));
await log.append(document);
const bundle = await exportBundle(log, stateOf([stateKey(alice), stateKey(bob)]), {
  checkpoint: await log.checkpoint(1),
});
const proof = Buffer.from(await log.prove(1));

beforeEach(() => {
  count.verified = 0;
});

async function open(): Promise<TrustSource> {
  return createBundleSource(await openBundle(bundle, { authority: authority.did, now }), () => now);
}

async function verify(source: TrustSource, withProof: boolean): Promise<number | undefined> {
  const material = await source.trustFor({ packageHash: hash });
  const log = await material.openLog?.();
  if (log === undefined) throw new Error('the bundle knows no log');
  const places = withProof ? [await checkPackageProof(readProof(proof), log)] : [];
  const candidates = [{ origin: 'detached' as const, signature: decodeSignature(document) }];
  const { first } = await verifyByTrust({ identity: { hash, name: 'plugin.wasm' }, candidates, material, now, places });
  return first.place?.index;
}

test('where nothing is known, a bundle, a checkpoint and a package cost three signatures', async () => {
  expect(await verify(await open(), true)).toBe(1);
  expect(count.verified).toBe(3);
});

test('where bundle and checkpoint are known, one', async () => {
  const source = await open();
  await verify(source, true);
  count.verified = 0;
  expect(await verify(source, true)).toBe(1);
  expect(count.verified).toBe(1);
});

test('where the proof rests on the checkpoint of the bundle, two', async () => {
  const whole = await exportBundle(log, stateOf([stateKey(alice)]), { checkpoint: await log.checkpoint() });
  count.verified = 0;
  const source = createBundleSource(await openBundle(whole, { authority: authority.did, now }), () => now);
  expect(await verify(source, true)).toBe(1);
  expect(count.verified).toBe(2);
});

test('without a proof, one for the bundle and one for the package', async () => {
  expect(await verify(await open(), false)).toBeUndefined();
  expect(count.verified).toBe(2);
});
