import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  revokeAcl,
  revokeKey,
  revokeTrust,
  rotateKey,
  setOrganisation,
  setPolicy,
  showPolicy,
  signPackage,
} from '../../src/authority/index.ts';
import { generateSeed } from '../../src/crypto/ed25519.ts';
import { openSnapshot, type SnapshotClaims } from '../../src/trust/index.ts';
import { createAuthority, importSeed, query, queryOne, sealedSeed } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

const policy = { version: 1, level: 'enforce', groups: [], names: [] } as const;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url));
    for (const name of ['parent', 'child', 'friend', 'stranger']) await authority.execute(createOrganisation, { name });
    await authority.executeFor('parent', grantAcl, { child: 'acme' });
    await authority.executeFor('acme', grantAcl, { child: 'child' });
    await authority.executeFor('acme', createKey, { name: 'release' });
    await authority.executeFor('friend', addTrust, { public_key: await publicKeyOf('release') });
  });

  afterAll(() => authority.close());

  const publicKeyOf = async (name: string) => (await authority.executeFor('acme', exportKey, { name })).public_key;
  const fingerprintOf = async (name: string) => (await authority.executeFor('acme', exportKey, { name })).fingerprint;

  async function readSnapshots(name: string): Promise<SnapshotClaims[]> {
    const rows = await query(
      url,
      `select payload, signature from trust_snapshots
       where org_id = (select id from organizations where name = $1) order by version`,
      [name],
    );
    const signed = rows.map(({ payload, signature }) => ({
      payload: new Uint8Array(payload as Uint8Array),
      signature: new Uint8Array(signature as Uint8Array),
    }));
    return Promise.all(signed.map((snapshot) => openSnapshot(authority.identity, snapshot)));
  }

  const latest = async (name: string) => (await readSnapshots(name)).at(-1)?.state;

  async function versions(): Promise<Record<string, number>> {
    const rows = await query(
      url,
      `select name, max(version) as version from organizations join trust_snapshots on org_id = organizations.id
       group by name`,
    );
    return Object.fromEntries(rows.map(({ name, version }) => [String(name), Number(version)]));
  }

  // Who has a snapshot more than before.
  async function signedBy(act: () => Promise<unknown>): Promise<string[]> {
    const before = await versions();
    await act();
    const after = await versions();
    const more = Object.keys(after).filter((name) => after[name] !== before[name]);
    for (const name of more) expect(after[name]).toBe((before[name] ?? 0) + 1);
    return more.sort();
  }

  test('an organisation that is new has its first snapshot, of no trust', async () => {
    expect(await signedBy(() => authority.execute(createOrganisation, { name: 'newcomer' }))).toEqual(['newcomer']);
    const { did } = await queryOne(url, `select did from organizations where name = 'newcomer'`);
    expect(await latest('newcomer')).toEqual({
      organisation: { did, name: 'newcomer' },
      version: 1,
      keys: [],
      policy: null,
    });
  });

  const seed = generateSeed();
  const vendor = async () => (await sealedSeed(authority, seed)).public_key;

  test.each<[string, readonly string[], () => Promise<unknown>]>([
    ['a key is created', ['acme', 'parent'], () => authority.executeFor('acme', createKey, { name: 'next' })],
    [
      'a key is created without trust',
      [],
      () => authority.executeFor('acme', createKey, { name: 'later', trusted: false }),
    ],
    [
      'a key is trusted',
      ['acme', 'parent'],
      async () => authority.executeFor('acme', addTrust, { public_key: await vendor() }),
    ],
    [
      'it is trusted by another as well',
      ['friend'],
      async () => authority.executeFor('friend', addTrust, { public_key: await vendor() }),
    ],
    [
      'it is taken in, and so has an owner',
      ['acme', 'child', 'friend', 'parent'],
      () => importSeed(authority, 'child', { name: 'vendor', seed }),
    ],
    [
      'a key of one whose keys are accepted is created',
      ['acme', 'child'],
      () => authority.executeFor('child', createKey, { name: 'own' }),
    ],
    [
      'trust ends',
      ['acme', 'parent'],
      async () => authority.executeFor('acme', revokeTrust, { fingerprint: await fingerprintOf('next') }),
    ],
    ["another's keys are accepted", ['stranger'], () => authority.executeFor('stranger', grantAcl, { child: 'acme' })],
    ['they are accepted no longer', ['stranger'], () => authority.executeFor('stranger', revokeAcl, { child: 'acme' })],
    [
      'the keys of an organisation without keys are accepted',
      [],
      () => authority.executeFor('stranger', grantAcl, { child: 'newcomer' }),
    ],
    [
      'a key is rotated',
      ['acme', 'friend', 'parent'],
      () => authority.executeFor('acme', rotateKey, { name: 'release' }),
    ],
    ['a policy is set', ['acme'], () => authority.executeFor('acme', setPolicy, { policy })],
    ['the same policy is set again', [], () => authority.executeFor('acme', setPolicy, { policy })],
    [
      'a setting that is no trust is changed',
      [],
      () => authority.executeFor('acme', setOrganisation, { hash_signatures: 'on' }),
    ],
    [
      'a package is signed',
      [],
      () => authority.executeFor('acme', signPackage, { hash: 'ab'.repeat(32), name: 'a', key: 'release' }),
    ],
    [
      'a key is revoked',
      ['acme', 'parent'],
      () => authority.executeFor('acme', revokeKey, { name: 'release', reason: 'superseded' }),
    ],
    [
      'its revocation is made stricter',
      ['acme', 'parent'],
      () => authority.executeFor('acme', revokeKey, { name: 'release', reason: 'compromised' }),
    ],
    [
      'what is refused changes nothing',
      [],
      () => expectCode('not_found', () => authority.executeFor('acme', revokeKey, { name: 'none' })),
    ],
  ])('when %s, the next snapshot is that of whose trust it changed', async (_, who, act) => {
    expect(await signedBy(act)).toEqual(who);
    for (const name of who) {
      const { keys, policy: ruled } = await authority.trustFor({ organisation: name, packageHash: '00' });
      const state = await latest(name);
      const counting = state?.keys.filter(({ revocation }) => revocation === undefined || revocation.reason !== null);
      expect(counting?.map(({ fingerprint }) => fingerprint).sort()).toEqual([...keys.keys()].sort());
      expect(state?.policy).toEqual(ruled);
    }
  });

  test('versions go up by one from the first, and every snapshot is signed', async () => {
    for (const name of ['acme', 'parent', 'child', 'friend']) {
      const snapshots = await readSnapshots(name);
      expect(snapshots.map(({ state }) => state.version)).toEqual(snapshots.map((_, index) => index + 1));
    }
  });

  test('revoked keys stand in it with their reasons, and those through ACLs with the name of whose they are', async () => {
    const revocation = expect.objectContaining({ reason: 'compromised', effectiveIndex: expect.any(Number) });
    const state = await latest('parent');
    expect(state?.keys).toEqual(
      expect.arrayContaining([expect.objectContaining({ via: 'acme', name: 'release', revocation })]),
    );
    expect((await latest('acme'))?.keys.map(({ via }) => via ?? null)).toContain('child');
  });

  describe('a policy', () => {
    test('is shown as it was set, and goes when it is cleared', async () => {
      await authority.executeFor('acme', setPolicy, { policy });
      expect((await authority.executeFor('acme', showPolicy, {})).policy).toEqual(policy);
      await authority.executeFor('acme', setPolicy, { policy: null });
      expect((await authority.executeFor('acme', showPolicy, {})).policy).toBeNull();
      expect((await latest('acme'))?.policy).toBeNull();
    });

    test('names no key that is not trusted', async () => {
      const keys = ['00'.repeat(32)];
      for (const part of [{ groups: [{ name: 'release', keys, threshold: 1 }] }, { names: [{ pattern: '*', keys }] }]) {
        const act = () => authority.executeFor('acme', setPolicy, { policy: { ...policy, ...part } });
        const error = await expectCode('not_found', act);
        expect(error.details).toMatchObject({ kind: 'trusted key', fingerprint: keys[0] });
      }
    });

    test.each<[string, object]>([
      ['a group whose threshold it cannot meet', { groups: [{ name: 'a', keys: ['ab'.repeat(32)], threshold: 2 }] }],
      ['a key twice in a group', { groups: [{ name: 'a', keys: ['ab'.repeat(32), 'ab'.repeat(32)], threshold: 1 }] }],
      ['an unknown field', { note: 'x' }],
      ['another level', { level: 'warn' }],
    ])('has not %s', async (_, part) => {
      const changed = { ...policy, ...part } as typeof policy;
      await expectCode('bad_input', () => authority.executeFor('acme', setPolicy, { policy: changed }));
    });
  });
});
