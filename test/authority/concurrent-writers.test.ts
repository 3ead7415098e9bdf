import { describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  listKeys,
  revokeKey,
  signPackage,
  validateAuthority,
} from '../../src/authority/index.ts';
import { generateSeed, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { Child, raceChildren } from '../store/children/child.ts';
import { byRawKey, createAuthority, importSeed, openUnlocked, query } from '../support/authority.ts';
import { engines } from '../support/engines.ts';

interface Outcome {
  readonly name: string;
  readonly outcome: string;
}

const createScript = new URL('./children/create-keys.ts', import.meta.url);
const hash = 'ab'.repeat(32);

describe.each(engines)('$name', (engine) => {
  test('of two processes that create keys at once, no key is lost', async () => {
    const url = await create();
    const outcomes = await writeAtOnce(url, ['one', 'two'], 25);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(outcomes.map(() => 'ok'));
    await expectKeys(
      url,
      outcomes.map(({ name }) => name),
    );
  });

  test('of two processes that want the same names at once, exactly one wins each', async () => {
    const url = await create();
    const outcomes = await writeAtOnce(url, ['same', 'same'], 25);
    const won = outcomes.filter(({ outcome }) => outcome === 'ok').map(({ name }) => name);
    const lost = outcomes.filter(({ outcome }) => outcome === 'already_exists').map(({ name }) => name);
    expect([...won].sort()).toEqual([...lost].sort());
    expect(won).toHaveLength(25);
    await expectKeys(url, won);
  });

  test('eight processes are started at once and each has its own key', async () => {
    const url = await create();
    const prefixes = Array.from({ length: 8 }, (_, index) => `child-${index}`);
    const last = await raceChildren<Outcome>(
      createScript,
      prefixes.map((prefix) => [url, '1', prefix]),
    );
    expect(last.map(({ outcome }) => outcome)).toEqual(prefixes.map(() => 'ok'));
    await expectKeys(
      url,
      last.map(({ name }) => name),
    );
  });

  describe('of commands that are executed at once', () => {
    test('exactly one creates an organisation of a name', async () => {
      await using authority = await open();
      const outcomes = await settle(5, () => authority.execute(createOrganisation, { name: 'wanted' }));
      expect(outcomes).toEqual(['already_exists', 'already_exists', 'already_exists', 'already_exists', 'ok']);
    });

    test('exactly one takes in a key, whatever name and organisation', async () => {
      await using authority = await open();
      await authority.execute(createOrganisation, { name: 'globex' });
      using seed = generateSeed();
      const outcomes = await settle(6, (index) =>
        importSeed(authority, index % 2 === 0 ? 'acme' : 'globex', { name: `key-${index}`, seed }),
      );
      expect(outcomes).toEqual([...Array(5).fill('already_exists'), 'ok']);
    });

    test('exactly one adds trust in a key', async () => {
      await using authority = await open();
      using seed = generateSeed();
      const public_key = Buffer.from(await publicKeyOf(seed)).toString('hex');
      const outcomes = await settle(5, () => authority.executeFor('acme', addTrust, { public_key }));
      expect(outcomes).toEqual([...Array(4).fill('already_trusted'), 'ok']);
    });

    test('exactly one grants an ACL', async () => {
      await using authority = await open();
      await authority.execute(createOrganisation, { name: 'globex' });
      const outcomes = await settle(5, () => authority.executeFor('acme', grantAcl, { child: 'globex' }));
      expect(outcomes).toEqual([...Array(4).fill('already_trusted'), 'ok']);
    });

    test('exactly one revokes a key', async () => {
      await using authority = await open();
      await authority.executeFor('acme', createKey, { name: 'release' });
      const outcomes = await settle(5, () => authority.executeFor('acme', revokeKey, { name: 'release' }));
      expect(outcomes).toEqual([...Array(4).fill('key_revoked'), 'ok']);
    });

    test('every one signs, and the signature of one of them is active', async () => {
      await using authority = await open();
      await authority.executeFor('acme', createKey, { name: 'release' });
      const args = { hash, name: 'a.wasm', key: 'release', store: true };
      const outcomes = await settle(5, () => authority.executeFor('acme', signPackage, args));
      expect(outcomes).toEqual(Array(5).fill('ok'));
      const rows = await query(urls.get(authority) ?? '', 'select superseded_at from package_signatures');
      expect(rows).toHaveLength(5);
      expect(rows.filter((row) => row['superseded_at'] === null)).toHaveLength(1);
    });
  });

  test('trust that is added while its key is revoked never outlives the key', async () => {
    await using authority = await open();
    await using other =
      engine.name === 'postgres' ? await openUnlocked(urls.get(authority) ?? '', {}, byRawKey(1)) : undefined;
    const organisations = ['acme', 'globex', 'initech'];
    for (const name of organisations.slice(1)) await authority.execute(createOrganisation, { name });
    for (let round = 0; round < 40; round++) {
      const name = `key-${round}`;
      await authority.executeFor('acme', createKey, { name, trusted: round % 2 === 0 });
      const { public_key, fingerprint } = await authority.executeFor('acme', exportKey, { name });
      const adding = organisations.map((organisation) =>
        (other ?? authority).executeFor(organisation, addTrust, { public_key }),
      );
      const revoking = authority.executeFor('acme', revokeKey, { name });
      const outcomes = await Promise.allSettled([...adding, revoking]);
      expect(outcomes.at(-1)).toMatchObject({ status: 'fulfilled' });
      for (const outcome of outcomes.slice(0, -1)) {
        if (outcome.status === 'rejected') expect(['key_revoked', 'already_trusted']).toContain(outcome.reason.code);
      }
      for (const organisation of organisations) {
        const { keys } = await authority.trustFor({ organisation, packageHash: hash });
        expect([...keys.keys()]).not.toContain(fingerprint);
      }
    }
    const stillTrusted = await query(
      urls.get(authority) ?? '',
      `select t.id from trusted_keys t join signing_keys s on s.key_fingerprint = t.key_fingerprint
       where s.revoked_at is not null and t.revoked_at is null`,
    );
    expect(stillTrusted).toEqual([]);
  });

  const urls = new WeakMap<Authority, string>();

  async function create(): Promise<string> {
    const url = await engine.createUrl();
    await (await createAuthority(url)).authority.close();
    return url;
  }

  async function open(): Promise<Authority> {
    const url = await create();
    const authority = await openUnlocked(url, {}, byRawKey(1));
    urls.set(authority, url);
    // So that every connection is there before the race begins.
    await settle(10, () => authority.executeFor('acme', listKeys, {}));
    return authority;
  }

  async function writeAtOnce(url: string, prefixes: readonly string[], count: number): Promise<Outcome[]> {
    const children = prefixes.map((prefix) => new Child(createScript, [url, String(count), prefix]));
    await Promise.all(children.map((child) => child.hear()));
    for (const child of children) child.go();
    return (await Promise.all(children.map((child) => child.rest<Outcome>()))).flat();
  }

  async function expectKeys(url: string, names: readonly string[]): Promise<void> {
    const rows = await query(url, 'select key_name from signing_keys');
    expect(rows.map((row) => row['key_name']).sort()).toEqual([...names].sort());
    await using authority = await openUnlocked(url, {}, byRawKey(1));
    const { signing_keys, trusted_keys } = await validateAuthority(authority, byRawKey(1));
    expect([signing_keys, trusted_keys]).toEqual([names.length, names.length]);
  }
});

// The codes of `count` executions at once, sorted; `ok` is last among those that matter here.
async function settle(count: number, act: (index: number) => Promise<unknown>): Promise<string[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, index) => act(index)));
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'ok' : String(outcome.reason.code))).sort();
}
