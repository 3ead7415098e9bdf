import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOrganisation } from '../../../src/authority/commands/org.ts';
import { readSigningPage, type SigningPage, signingCommands } from '../../../src/authority/commands/signing-page.ts';
import { openRequestBudget } from '../../../src/authority/execution/request-budget.ts';
import {
  type Authority,
  attachSignature,
  createKey,
  type ListPackagesArgs,
  listPackages,
  type PackageListDocument,
  readLog,
  setOrganisation,
  signPackage,
  signPackageHash,
} from '../../../src/authority/index.ts';
import type { Budget } from '../../../src/budget.ts';
import { readLogHead } from '../../../src/store/tables/log.ts';
import { createAuthority, query } from '../../support/authority.ts';
import { appendEntries } from '../../support/checkpoints.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const hashes = { one: 'ab'.repeat(32), two: 'cd'.repeat(32), bare: 'ef'.repeat(32) };
const day = 86_400_000;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let time = Date.parse('2026-01-01T00:00:00.000Z');
  let spare: string;

  const list = (args: ListPackagesArgs = {}) => authority.execute(listPackages, args);
  const names = ({ signatures }: PackageListDocument) => signatures.map(({ name = 'bare' }) => name);

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url, { clock: () => new Date(time) }));
    await authority.execute(createOrganisation, { name: 'globex' });
    await authority.executeFor('globex', createKey, { name: 'release' });
    for (const name of ['release', 'spare']) await authority.executeFor('acme', createKey, { name });
    await authority.executeFor('acme', setOrganisation, { hash_signatures: 'on' });
    await authority.executeFor('acme', signPackage, { hash: hashes.one, name: 'plugin-a.wasm', key: 'release' });
    time += day;
    const made = await authority.executeFor('acme', signPackage, {
      hash: hashes.two,
      name: 'plugin-b.wasm',
      key: 'spare',
    });
    spare = made.key_fingerprint;
    await authority.executeFor('globex', signPackage, {
      hash: hashes.one,
      name: 'theirs/plugin-c.wasm',
      key: 'release',
    });
    time += day;
    await authority.executeFor('acme', signPackageHash, { hash: hashes.bare, key: 'release' });
    const { signature } = made;
    await authority.executeFor('acme', attachSignature, { hash: hashes.two, name: 'plugin-b.wasm', signature });
    await expectCode('not_found', () =>
      authority.executeFor('acme', signPackage, { hash: hashes.one, name: 'x', key: 'no' }),
    );
  });

  afterAll(() => authority.close());

  test('a list has every signature that was made or attached, stored or not, oldest first', async () => {
    const document = await list();
    expect(document).not.toHaveProperty('next');
    expect(document).not.toHaveProperty('altered');
    expect(names(document)).toEqual([
      'plugin-a.wasm',
      'plugin-b.wasm',
      'theirs/plugin-c.wasm',
      'bare',
      'plugin-b.wasm',
    ]);
    expect(new Set(document.signatures.map(({ command }) => command))).toEqual(new Set(signingCommands));
    expect(document.signatures[1]).toMatchObject({
      organisation: 'acme',
      hash: hashes.two,
      key: 'spare',
      key_fingerprint: spare,
      signed_at: '2026-01-02T00:00:00.000Z',
      issuer: document.signatures[1]?.subject,
    });
  });

  test('what a key signed is found by its name and by its fingerprint, attached signatures by the fingerprint', async () => {
    expect(names(await list({ key: 'spare' }))).toEqual(['plugin-b.wasm']);
    expect(names(await list({ key: spare }))).toEqual(['plugin-b.wasm', 'plugin-b.wasm']);
    expect(names(await list({ key: 'release' }))).toEqual(['plugin-a.wasm', 'theirs/plugin-c.wasm', 'bare']);
    expect(names(await list({ key: 'ab'.repeat(32) }))).toEqual([]);
  });

  test('a list is narrowed by organisation, file name and time, and all of them hold together', async () => {
    expect(names(await list({ organisation: 'globex' }))).toEqual(['theirs/plugin-c.wasm']);
    // A star ends at a slash.
    expect(names(await list({ name: 'plugin-*' }))).toEqual(['plugin-a.wasm', 'plugin-b.wasm', 'plugin-b.wasm']);
    expect(names(await list({ name: '*/plugin-?.wasm' }))).toEqual([]);
    expect(names(await list({ name: 'theirs/*' }))).toEqual(['theirs/plugin-c.wasm']);
    expect(names(await list({ since: '2026-01-02T00:00:00.001Z' }))).toEqual(['bare', 'plugin-b.wasm']);
    expect(names(await list({ since: '2030-01-01T00:00:00.000Z' }))).toEqual([]);
    expect(names(await list({ organisation: 'acme', name: '*b*', since: '2026-01-03T00:00:00.000Z' }))).toEqual([
      'plugin-b.wasm',
    ]);
    await expectCode('not_found', () => list({ organisation: 'none' }));
    await expectCode('bad_input', () => list({ key: 'No Key' }));
    await expectCode('bad_input', () => list({ since: 'yesterday' }));
  });

  test('pages together are the list, whatever their length', async () => {
    const whole = await list();
    for (const limit of [1, 2, 4]) {
      const found: unknown[] = [];
      for (let from: number | undefined = 0; from !== undefined; ) {
        const page: PackageListDocument = await list({ limit, from });
        expect(page.signatures.length).toBeLessThanOrEqual(limit);
        found.push(...page.signatures);
        from = page.next;
      }
      expect(found).toEqual(whole.signatures);
    }
  });

  test('the log reports names, hashes, keys and organisations of each act', async () => {
    const { entries } = await authority.execute(readLog, {});
    const signed = entries.filter(({ command }) => command === '/package/sign');
    expect(signed[0]).toMatchObject({ organisation: 'acme', name: 'plugin-a.wasm', hash: hashes.one, key: 'release' });
    expect(signed[1]?.key_fingerprint).toBe(spare);
    const made = entries.find(({ command }) => command === '/key/create');
    expect(made).toMatchObject({ organisation: 'globex', key: 'release' });
    expect(made?.key_fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(entries.find(({ command }) => command === '/org/create')).toMatchObject({ name: 'globex' });
  });
});

describe.each(engines)('$name, altered or long', (engine) => {
  const open = async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    for (const name of ['a', 'b', 'c']) {
      await authority.executeFor('acme', signPackage, { hash: hashes.one, name, key: 'release' });
    }
    return { url, authority };
  };

  test('an invocation that is missing or altered is named, and nothing is shown of it', async () => {
    const { url, authority } = await open();
    const { signatures } = await authority.execute(listPackages, {});
    const [first, second] = await Promise.all(
      signatures.slice(0, 2).map(async ({ index }) => {
        const { entries } = await authority.execute(readLog, { from: index, limit: 1 });
        return entries[0]?.invocation ?? '';
      }),
    );
    await query(url, `delete from ucan_invocations where cid = '${first}'`);
    const other = `select envelope from ucan_invocations where cmd = '/key/create'`;
    await query(url, `update ucan_invocations set envelope = (${other}) where cid = '${second}'`);
    const document = await authority.execute(listPackages, {});
    expect(document.signatures.map(({ name }) => name)).toEqual(['c']);
    expect(document.altered).toMatchObject([
      { code: 'log_tampered', table: 'ucan_invocations', key: first },
      { code: 'log_tampered', table: 'ucan_invocations', key: second },
    ]);
    await authority.close();
  });

  test('a page ends within the budget of a request, however long the log is, and says where to go on', async () => {
    const { authority } = await open();
    await appendEntries(authority, 3000);
    const look = (from: number, budget: Budget): Promise<SigningPage> =>
      authority.database.transact('read', async (transaction) => {
        const { size } = await readLogHead(transaction);
        return readSigningPage({ transaction, budget }, size, { from, limit: 1000, pattern: '*a*'.repeat(80) });
      });
    const indexes: number[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      const budget = openRequestBudget();
      const at: number = from;
      const { next } = await look(at, budget);
      expect(() => budget.requireLeft()).not.toThrow();
      expect(next ?? at + 1).toBeGreaterThan(at);
      if (next !== undefined) indexes.push(next);
      from = next;
    }
    expect(indexes.length).toBeGreaterThan(0);
    await authority.close();
  });
});
