import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLoader } from '../../src/loader/index.ts';
import { openTrustBundle, verifyPackage } from '../../src/package/index.ts';
import { appendProofs } from '../../src/package/proof-file.ts';
import type { SignatureDocument } from '../../src/signature/index.ts';
import type { TrustState } from '../../src/trust/index.ts';
import { expectCode } from '../support/codes.ts';
import { createSigner, now, signBy, temporaryFile, temporaryFolder } from '../support/fixtures.ts';
import { createAuthority, exportBundle, stateKey, stateOf, TestLog } from '../support/trust.ts';

const content = 'export const answer = 42;';
const hash = createHash('sha256').update(content).digest('hex');
const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const authority = await createAuthority();
const day = 86_400_000;
const later = (days: number) => new Date(now.getTime() + days * day);
const revokedKey = (effectiveIndex: number) =>
  stateKey(alice, {
    revocation: {
      revokedAt: now.toISOString(),
      reason: 'superseded',
      effectiveAt: now.toISOString(),
      effectiveIndex,
    },
  });

let log: TestLog;
let document: SignatureDocument;

beforeAll(async () => {
  log = await TestLog.create(authority);
  document = await signBy(alice, hash, { name: 'plugin.mjs' });
  for (let index = 0; index < 4; index++) await log.append(await signBy(alice, hash, { name: `other-${index}.mjs` }));
  await log.append(document);
});

/** A package with its proof, a bundle and a place to remember, in a folder of their own. */
async function carry(state: TrustState = stateOf([stateKey(alice)]), { proof = true } = {}) {
  const path = temporaryFile('plugin.mjs', content);
  const folder = dirname(path);
  if (proof) writeFileSync(`${path}.proof.json`, await log.prove(4));
  const bundle = join(folder, 'acme.trust');
  writeFileSync(bundle, await exportBundle(log, state));
  const options = { authority: authority.did, state: join(folder, 'kept', 'state.json'), clock: () => now };
  return { path, bundle, options };
}

/** Does something while nothing can be written into a folder. */
async function asReader<Result>(folder: string, act: () => Promise<Result>): Promise<Result> {
  const isRoot = process.geteuid?.() === 0;
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
  for (const each of [dirname(folder), folder]) chmodSync(each, 0o555);
  // The superuser may write everywhere.
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
    for (const each of [folder, dirname(folder)]) chmodSync(each, 0o755);
  }
}

describe('a package verifies by a bundle and the proof beside it', () => {
  test('with nothing else, and the result has the position in the log', async () => {
    const { path, bundle, options } = await carry();
    const trust = await openTrustBundle(bundle, options);
    const result = await verifyPackage(path, { trust, now });
    expect(result).toMatchObject({
      signerFingerprint: alice.fingerprint,
      place: { index: 4, isRemembered: false },
      rollback: 'unchecked',
    });
    expect(result.proofProblem).toBeUndefined();
  });

  test('whose checkpoint was held before: then not even the authority can forge the order', async () => {
    const { path, bundle, options } = await carry();
    await openTrustBundle(bundle, options);
    const trust = await openTrustBundle(bundle, options);
    expect((await verifyPackage(path, { trust, now })).place).toMatchObject({ index: 4, isRemembered: true });
  });

  test('by a revoked key, where it was signed before that took effect', async () => {
    const { path, bundle, options } = await carry(stateOf([revokedKey(5)]));
    const trust = await openTrustBundle(bundle, options);
    expect((await verifyPackage(path, { trust, now })).place).toMatchObject({ index: 4 });
  });

  test.each([
    ['at the very entry from which on the key no longer counts', 4, {}],
    ['without a proof: it counts as made now', 5, { proof: false }],
  ] as const)('not by a revoked key, %s', async (_, index, carried) => {
    const { path, bundle, options } = await carry(stateOf([revokedKey(index)]), carried);
    if ('proof' in carried) writeFileSync(`${path}.sig`, JSON.stringify(document));
    const trust = await openTrustBundle(bundle, options);
    await expectCode('untrusted_signer', () => verifyPackage(path, { trust, now }));
  });

  test('and is read by a loader, which gives the bytes that were verified', async () => {
    const { path, bundle, options } = await carry();
    const trust = await openTrustBundle(bundle, options);
    const loader = createLoader({
      security: { requireSignatures: true, verificationOrg: 'acme' },
      trust,
      clock: () => now,
    });
    const read = await loader.read(path);
    expect([read.packageHash, new TextDecoder().decode(read.bytes)]).toEqual([hash, content]);
    writeFileSync(path, `${content} // altered`);
    await expectCode('package_tampered', () => loader.read(path));
  });
});

describe('where two must have signed, and where each signature stands must be proven', () => {
  const policy = {
    version: 1,
    level: 'enforce',
    groups: [{ name: 'release', keys: [alice.fingerprint, bob.fingerprint], threshold: 2 }],
    names: [],
    require_inclusion_proof: true,
  } as const;
  const both = stateOf([stateKey(alice), stateKey(bob)], { policy });
  let byBob: number;

  beforeAll(async () => {
    byBob = await log.append(await signBy(bob, hash, { name: 'plugin.mjs' }));
  });

  const open = async ({ bundle, options }: Awaited<ReturnType<typeof carry>>) => openTrustBundle(bundle, options);

  test('the proofs of both in one file are enough, and one of them is not', async () => {
    const carried = await carry(both);
    const trust = await open(carried);
    const { details } = await expectCode('policy_not_met', () => verifyPackage(carried.path, { trust, now }));
    expect(details).toMatchObject({ unmet: [{ rule: 'group', threshold: 2, signed: 1 }] });
    appendProofs(`${carried.path}.proof.json`, [await log.proof(byBob)]);
    const { policy: outcome, place } = await verifyPackage(carried.path, { trust, now });
    expect(outcome).toMatchObject({ met: true });
    expect(place).toMatchObject({ index: 4 });
  });

  test('the same signer twice counts once', async () => {
    const carried = await carry(both);
    const again = await log.append(
      await signBy(alice, hash, { name: 'plugin.mjs', expiresAt: later(90).toISOString() }),
    );
    writeFileSync(
      `${carried.path}.proof.json`,
      `[${await log.prove(4)},${await log.prove(again)},${await log.prove(4)}]`,
    );
    const trust = await open(await carry(both));
    await expectCode('policy_not_met', () => verifyPackage(carried.path, { trust, now }));
  });

  test('the proofs may come in files of their own, to a verifier as to a loader', async () => {
    const carried = await carry(both, { proof: false });
    const proofs = [temporaryFile('alice.json', await log.prove(4)), temporaryFile('bob.json', await log.prove(byBob))];
    const trust = await open(carried);
    expect((await verifyPackage(carried.path, { trust, now, proofs })).policy?.met).toBe(true);
    const security = { requireSignatures: true, verificationOrg: 'acme' };
    const loader = createLoader({ security, trust, clock: () => now });
    expect((await loader.read(carried.path, { proofs })).verification?.policy?.met).toBe(true);
    await expectCode('policy_not_met', () => loader.read(carried.path, { proofs: proofs.slice(1) }));
  });

  test('what both have signed counts after both keys were revoked', async () => {
    const revocation = revokedKey(byBob + 1).revocation;
    if (revocation === undefined) throw new Error('the key is not revoked');
    const carried = await carry({ ...both, keys: [stateKey(alice, { revocation }), stateKey(bob, { revocation })] });
    const trust = await open(carried);
    await expectCode('policy_not_met', () => verifyPackage(carried.path, { trust, now }));
    appendProofs(`${carried.path}.proof.json`, [await log.proof(byBob)]);
    expect((await verifyPackage(carried.path, { trust, now })).policy?.met).toBe(true);
  });

  test('a broken proof makes nothing count, and keeps no other from counting', async () => {
    const carried = await carry(both);
    const moved = JSON.stringify({ ...JSON.parse(await log.prove(byBob)), index: 3 });
    const trust = await open(carried);
    writeFileSync(`${carried.path}.proof.json`, `[${moved},{},${await log.prove(4)}]`);
    await expectCode('policy_not_met', () => verifyPackage(carried.path, { trust, now }));
    writeFileSync(`${carried.path}.proof.json`, `[${moved},{},${await log.prove(4)},${await log.prove(byBob)}]`);
    const result = await verifyPackage(carried.path, { trust, now });
    expect([result.policy?.met, result.proofProblem?.code]).toEqual([true, 'log_tampered']);
  });
});

describe('a signature that was attached again', () => {
  test('is as old as it was: the later place makes it no younger', async () => {
    const policy = { version: 1, level: 'enforce', groups: [], names: [], max_age_seconds: 86_400 } as const;
    const carried = await carry(stateOf([stateKey(alice)], { policy }), { proof: false });
    const attached = await log.append(document, later(5).toISOString());
    writeFileSync(`${carried.path}.proof.json`, await log.prove(attached));
    const trust = await openTrustBundle(carried.bundle, { ...carried.options, clock: () => later(5) });
    const { details } = await expectCode('policy_not_met', () => verifyPackage(carried.path, { trust, now: later(5) }));
    expect(details).toMatchObject({ unmet: [{ rule: 'max_age_seconds', keys: [alice.fingerprint] }] });
  });
});

describe('a proof that was named', () => {
  test('must be there, whatever else is good', async () => {
    const { path, bundle, options } = await carry();
    const trust = await openTrustBundle(bundle, options);
    await expectCode('not_found', () => verifyPackage(path, { trust, now, proofs: [`${path}.none`] }));
    await expectCode('bad_input', () => verifyPackage(path, { trust, now, proofs: [dirname(path)] }));
    expect((await verifyPackage(path, { trust, now })).place).toMatchObject({ index: 4 });
  });
});

describe('a proof that proves nothing', () => {
  test.each([
    ['is no JSON', () => '{'],
    [
      'is of another log',
      async () => {
        const other = await TestLog.create(await createAuthority(new Uint8Array(32).fill(9)));
        await other.append(document);
        return other.prove(0);
      },
    ],
    [
      'has one hash less',
      async () => {
        const proof = JSON.parse(await log.prove(4)) as { inclusion: string[] };
        return JSON.stringify({ ...proof, inclusion: proof.inclusion.slice(1) });
      },
    ],
    ['is larger than any', () => ' '.repeat(5_000_000)],
  ])('since it %s, is no veto for a key that is trusted, and said', async (_, write) => {
    const { path, bundle, options } = await carry();
    writeFileSync(`${path}.sig`, JSON.stringify(document));
    writeFileSync(`${path}.proof.json`, await write());
    const trust = await openTrustBundle(bundle, options);
    const result = await verifyPackage(path, { trust, now });
    expect(result.place).toBeUndefined();
    expect(result.proofProblem?.code).toBe('log_tampered');
  });

  test('does not help a revoked key, and the refusal says why', async () => {
    const { path, bundle, options } = await carry(stateOf([revokedKey(5)]));
    const proof = JSON.parse(await log.prove(4)) as object;
    writeFileSync(`${path}.proof.json`, JSON.stringify({ ...proof, index: 3 }));
    const trust = await openTrustBundle(bundle, options);
    const refusal = await expectCode('untrusted_signer', () => verifyPackage(path, { trust, now }));
    expect((refusal.cause as { code?: string }).code).toBe('log_tampered');
  });
});

describe('a verifier remembers', () => {
  test('in a file that is its own alone', async () => {
    const { bundle, options } = await carry();
    expect((await openTrustBundle(bundle, options)).rollback).toBe('unchecked');
    expect((await openTrustBundle(bundle, options)).rollback).toBe('checked');
    expect(statSync(options.state).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(options.state, 'utf8'))).toMatchObject({ version: 1 });
  });

  test('the version: an older bundle is refused, one of the same and a newer one are taken', async () => {
    const { bundle, options } = await carry(stateOf([stateKey(alice)], { version: 7 }));
    await openTrustBundle(bundle, options);
    await openTrustBundle(bundle, options);
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)], { version: 6 })));
    await expectCode('bundle_rolled_back', () => openTrustBundle(bundle, options));
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)], { version: 8 })));
    await openTrustBundle(bundle, options);
  });

  test('when the newest bundle was issued: a clock that is put back brings nothing to life that had expired by then', async () => {
    const { path, bundle, options } = await carry(undefined, { proof: false });
    const expiresAt = later(5).toISOString();
    writeFileSync(`${path}.sig`, JSON.stringify(await signBy(alice, hash, { name: 'plugin.mjs', expiresAt })));
    const brief = temporaryFile('brief.trust', await exportBundle(log, stateOf([stateKey(alice)]), { expiresAt }));
    const issuedAt = later(6).toISOString();
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)]), { issuedAt }));
    await openTrustBundle(bundle, { ...options, clock: () => later(6) });
    const { details } = await expectCode('bundle_expired', () => openTrustBundle(brief, options));
    expect(details).toMatchObject({ state: options.state, latest_time: issuedAt, clock: now.toISOString() });
    const trust = await openTrustBundle(bundle, options);
    expect(trust.latestTime).toBe(issuedAt);
    const refusal = await expectCode('signature_expired', () => verifyPackage(path, { trust, now }));
    expect(refusal.details).toMatchObject({ state: options.state, latest_time: issuedAt });
  });

  test('no time of its own clock: after one that was wrong for a while, every bundle is read as before', async () => {
    const { bundle, options } = await carry();
    const year = { expiresAt: later(365).toISOString() };
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)]), year));
    await openTrustBundle(bundle, { ...options, clock: () => later(300) });
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)])));
    const trust = await openTrustBundle(bundle, options);
    expect([trust.now(), trust.latestTime, trust.rollback]).toEqual([now, undefined, 'checked']);
  });

  test('nothing of a bundle that is dated by a clock ahead, which is refused', async () => {
    const { bundle, options } = await carry();
    const times = { issuedAt: later(7300).toISOString(), expiresAt: later(7330).toISOString() };
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)]), times));
    const { details } = await expectCode('bundle_not_yet_valid', () => openTrustBundle(bundle, options));
    expect(details).toEqual({
      issued_at: times.issuedAt,
      now: now.toISOString(),
      remedy: 'export_trust_bundle',
    });
    expect(existsSync(options.state)).toBe(false);
  });

  test('nothing more where the state may only be read, by which an older bundle is refused all the same', async () => {
    const { bundle, options } = await carry(stateOf([stateKey(alice)], { version: 7 }));
    const open = () => asReader(dirname(options.state), () => openTrustBundle(bundle, options));
    mkdirSync(dirname(options.state));
    await expectCode('bad_input', open);
    await openTrustBundle(bundle, options);
    const remembered = readFileSync(options.state, 'utf8');
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)], { version: 8 })));
    expect(await open()).toMatchObject({ rollback: 'checked', remembered: false });
    writeFileSync(bundle, await exportBundle(log, stateOf([stateKey(alice)], { version: 6 })));
    await expectCode('bundle_rolled_back', open);
    expect(readFileSync(options.state, 'utf8')).toBe(remembered);
  });

  test('in a file that it writes only where there is something new', async () => {
    const { bundle, options } = await carry();
    await openTrustBundle(bundle, options);
    const written = statSync(options.state, { bigint: true });
    await openTrustBundle(bundle, options);
    expect(statSync(options.state, { bigint: true }).ino).toBe(written.ino);
  });

  test('nothing where it has no place for it, which is said, and refused where it must', async () => {
    const { bundle, options } = await carry();
    const { state: _, ...forgetful } = options;
    expect((await openTrustBundle(bundle, forgetful)).rollback).toBe('unchecked');
    await expectCode('bundle_rolled_back', () => openTrustBundle(bundle, { ...forgetful, requireState: true }));
  });

  test('nothing of a first bundle where one must have been seen before', async () => {
    const { bundle, options } = await carry();
    const strict = { ...options, requireState: true };
    for (let turn = 0; turn < 2; turn++) await expectCode('bundle_rolled_back', () => openTrustBundle(bundle, strict));
    expect(existsSync(options.state)).toBe(false);
    await openTrustBundle(bundle, options);
    expect((await openTrustBundle(bundle, strict)).rollback).toBe('checked');
  });

  test('no bundle that was refused', async () => {
    const { bundle, options } = await carry();
    writeFileSync(bundle, readFileSync(bundle, 'utf8').replace('"payload":"', '"payload":"A'));
    await expectCode('trust_tampered', () => openTrustBundle(bundle, options));
    expect(existsSync(options.state)).toBe(false);
  });

  test('and does not take a damaged memory for none', async () => {
    const { bundle, options } = await carry();
    mkdirSync(dirname(options.state));
    writeFileSync(options.state, '{"version":1');
    await expectCode('bad_config', () => openTrustBundle(bundle, options));
  });
});

test('a bundle that is not there, and one that is a folder, are said to be', async () => {
  const { options } = await carry();
  await expectCode('not_found', () => openTrustBundle(join(temporaryFolder(), 'none.trust'), options));
  await expectCode('trust_tampered', () => openTrustBundle(temporaryFolder(), options));
});

test('a bundle that expires while it is kept is refused from then on', async () => {
  const { path, bundle, options } = await carry();
  let clock = now;
  const trust = await openTrustBundle(bundle, { ...options, clock: () => clock });
  await verifyPackage(path, { trust, now });
  clock = later(31);
  await expectCode('bundle_expired', () => verifyPackage(path, { trust, now }));
});
