import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../src/authority/audit/database/audit-database.ts';
import {
  type Authority,
  attachSignature,
  createKey,
  createOrganisation,
  exportTrust,
  grantAcl,
  listPackageSignatures,
  openAuthority,
  revokeKey,
  revokeTrust,
  rotateKey,
  setOrganisation,
  setPolicy,
  showOrganisation,
  signPackage,
  signPackageHash,
} from '../../src/authority/index.ts';
import { verifyPublicly } from '../../src/authority/verify-publicly.ts';
import { encodeHex, encodeUtf8 } from '../../src/bytes.ts';
import { sha256 } from '../../src/crypto/digest.ts';
import { generateSeed } from '../../src/crypto/ed25519.ts';
import { verifyPackage } from '../../src/package/index.ts';
import { signHash, signStatement } from '../../src/signature/index.ts';
import { openBundle } from '../../src/trust/index.ts';
import { createAuthority, importSeed, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder, engines } from '../support/engines.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let folder: string;
  let count = 0;
  let clockAhead = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    folder = await createTempFolder();
    ({ authority } = await createAuthority(url, { clock: () => new Date(Date.now() + clockAhead) }));
    await authority.executeFor('acme', setOrganisation, { hash_signatures: 'on', public_verification: 'on' });
    await authority.execute(createOrganisation, { name: 'parent' });
    await authority.executeFor('parent', grantAcl, { child: 'acme' });
  });

  afterAll(() => authority.close());

  const name = () => `key-${count}`;
  const create = () => {
    count += 1;
    return authority.executeFor('acme', createKey, { name: name() });
  };

  /** A package that was signed by the present key, its signature kept in the database. */
  async function sign(format: 'dsse' | 'v1' = 'dsse'): Promise<string> {
    const content = `package ${Math.random()}`;
    const path = join(folder, `${content.slice(10)}.wasm`);
    writeFileSync(path, content);
    const hash = Buffer.from(sha256(encodeUtf8(content))).toString('hex');
    const args = { hash, key: name(), store: true };
    if (format === 'v1') await authority.executeFor('acme', signPackageHash, args);
    else await authority.executeFor('acme', signPackage, { ...args, name: path.slice(folder.length + 1) });
    return path;
  }

  const verify = (path: string, organisation = 'acme') => verifyPackage(path, { organisation, trust: authority });
  const rotate = () => authority.executeFor('acme', rotateKey, { name: name() });
  const checkpoint = () => authority.checkpoint();

  test.each(['dsse', 'v1'] as const)(
    'what was signed (%s) before a key was rotated stays valid, and so is what comes after',
    async (format) => {
      const old = await create();
      const before = await sign(format);
      const { key } = await rotate();
      const after = await sign(format);
      await checkpoint();
      for (const organisation of ['acme', 'parent']) {
        expect(await verify(before, organisation)).toMatchObject({ signerFingerprint: old.fingerprint, format });
        expect(await verify(after, organisation)).toMatchObject({ signerFingerprint: key.fingerprint, format });
      }
    },
  );

  test('it does so in another process that is locked', async () => {
    await create();
    const path = await sign();
    await rotate();
    await checkpoint();
    await using locked = await openAuthority({ database: url });
    expect(await verifyPackage(path, { organisation: 'acme', trust: locked })).toMatchObject({ signerName: name() });
  });

  test('it does so for anyone who asks in public', async () => {
    await create();
    const path = await sign();
    await rotate();
    await checkpoint();
    const [row] = await query(
      url,
      'select package_hash, statement, signature, key_fingerprint from package_signatures order by id desc limit 1',
    );
    const payload = Buffer.from(row?.['statement'] as Uint8Array).toString('base64');
    const sig = Buffer.from(row?.['signature'] as Uint8Array).toString('base64');
    const document = { payload, payloadType: 'application/vnd.in-toto+json', signatures: [{ sig }] };
    const asked = { hash: String(row?.['package_hash']), name: path.slice(folder.length + 1), organisation: 'acme' };
    expect(await verifyPublicly(authority, { ...asked, signatures: [document] })).toMatchObject({ verified: true });
  });

  test.each(['superseded', 'expired', 'compromised'] as const)(
    'after %s the same holds, up to where it is effective',
    async (reason) => {
      await create();
      const before = await sign();
      const at = new Date(Date.now() + 5).toISOString();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const behind = await sign();
      await authority.executeFor('acme', revokeKey, { name: name(), reason, effective_at: at });
      await checkpoint();
      expect(await verify(before)).toMatchObject({ signerName: name() });
      const error = await expectCode('untrusted_signer', () => verify(behind));
      expect(error.details).toMatchObject({ revocation: { reason, effective_at: at }, index: expect.any(Number) });
    },
  );

  test('after a revocation without a reason nothing counts, whenever it was signed', async () => {
    await create();
    const path = await sign();
    await authority.executeFor('acme', revokeKey, { name: name() });
    await checkpoint();
    await expectCode('untrusted_signer', () => verify(path));
  });

  test('the time of a signature tells where it stands, also beside others of that time', async () => {
    await create();
    const paths = await Promise.all(Array.from({ length: 20 }, () => sign()));
    await rotate();
    await checkpoint();
    for (const path of paths) expect(await verify(path)).toMatchObject({ signerName: name() });
    expect(await query(url, 'select * from signature_places')).toEqual([]);
  });

  test('where the clock was put back the place is noted', async () => {
    await create();
    clockAhead = -60_000;
    const paths = [await sign('dsse'), await sign('v1')];
    clockAhead = 0;
    await rotate();
    await checkpoint();
    for (const path of paths) expect(await verify(path)).toMatchObject({ signerName: name() });
    expect((await query(url, 'select * from signature_places')).length).toBe(2);
    await query(url, 'delete from signature_places');
    for (const path of paths) await expectCode('untrusted_signer', () => verify(path));
  });

  test('a signature with another time than that of its entry counts as made now', async () => {
    await create();
    const path = await sign('v1');
    await rotate();
    await checkpoint();
    expect(await verify(path)).toMatchObject({ signerName: name() });
    const last = 'id = (select id from package_signatures order by id desc limit 1)';
    await query(url, `update package_signatures set signed_at = '2026-01-01T00:00:00.000Z' where ${last}`);
    await expectCode('untrusted_signer', () => verify(path));
  });

  test.each(['dsse', 'v1'] as const)(
    'a signature that was made elsewhere (%s) has its place from when it was attached',
    async (format) => {
      count += 1;
      using seed = generateSeed();
      const { fingerprint } = await importSeed(authority, 'acme', { name: name(), seed });
      const { did: organisation } = await authority.executeFor('acme', showOrganisation, {});
      const attach = async (file: string) => {
        writeFileSync(join(folder, file), `the bytes of ${file}`);
        const packageHash = encodeHex(sha256(encodeUtf8(`the bytes of ${file}`)));
        const signedAt = '2026-01-02T03:04:05.678Z';
        const statement = { name: file, packageHash, organisation, keyFingerprint: fingerprint, signedAt };
        const signature = await (format === 'dsse'
          ? signStatement(seed, statement)
          : signHash(seed, packageHash, fingerprint, signedAt));
        await authority.executeFor('acme', attachSignature, { hash: packageHash, name: file, signature });
        return join(folder, file);
      };
      const path = await attach(`elsewhere-${format}.wasm`);
      await rotate();
      await expectCode('untrusted_signer', () => attach(`late-${format}.wasm`));
      await expectCode('untrusted_signer', () => verify(path));
      await checkpoint();
      expect(await verify(path)).toMatchObject({ signerFingerprint: fingerprint, format });
      // Taken in once more, its first place stays.
      await attach(`elsewhere-${format}.wasm`);
      await checkpoint();
      expect(await verify(path)).toMatchObject({ signerFingerprint: fingerprint, format });
    },
  );

  test('a signature that tells its times with fewer decimals, or more, is kept with those that rows have', async () => {
    count += 1;
    using seed = generateSeed();
    const { fingerprint: keyFingerprint } = await importSeed(authority, 'acme', { name: name(), seed });
    const { did: organisation } = await authority.executeFor('acme', showOrganisation, {});
    const packageHash = encodeHex(sha256(encodeUtf8(name())));
    const { findings: before } = await auditDatabase(authority);
    const times = { signedAt: '2026-01-02T03:04:05Z', expiresAt: '2099-01-01T00:00:00.123456789Z' };
    const signature = await signStatement(seed, { name: 'a.bin', packageHash, organisation, keyFingerprint, ...times });
    const { signed_at } = await authority.executeFor('acme', attachSignature, {
      hash: packageHash,
      name: 'a.bin',
      signature,
    });
    expect(signed_at).toBe('2026-01-02T03:04:05.000Z');
    const { signatures } = await authority.execute(listPackageSignatures, { hash: packageHash });
    expect(signatures).toMatchObject([{ signed_at, expires_at: '2099-01-01T00:00:00.123Z', signature }]);
    // What another test here has altered is found before and after.
    expect((await auditDatabase(authority)).findings.list).toEqual(before.list);
  });

  test('a place that is noted and is not that of the signature is passed over', async () => {
    await create();
    const path = await sign();
    await rotate();
    await sign();
    await checkpoint();
    const [row] = await query(url, 'select signature from package_signatures order by id desc limit 2 offset 1');
    const digest = Buffer.from(sha256(row?.['signature'] as Uint8Array)).toString('hex');
    const bytes = engine.name === 'postgres' ? `'\\x${digest}'` : `x'${digest}'`;
    await query(url, `insert into signature_places values (${bytes}, 1)`);
    expect(await verify(path)).toMatchObject({ signerName: name() });
  });

  test('an entry that is under no checkpoint proves nothing yet', async () => {
    await create();
    await checkpoint();
    const path = await sign();
    await rotate();
    await expectCode('untrusted_signer', () => verify(path));
    await checkpoint();
    expect(await verify(path)).toMatchObject({ signerName: name() });
  });

  test('what one organisation trusts no longer, with a reason, stays valid for it too', async () => {
    const { fingerprint } = await create();
    const path = await sign();
    await authority.executeFor('acme', revokeTrust, { fingerprint, reason: 'expired' });
    const behind = await sign();
    await checkpoint();
    expect(await verify(path)).toMatchObject({ signerFingerprint: fingerprint });
    await expectCode('untrusted_signer', () => verify(behind));
  });

  test('a policy that is not met refuses', async () => {
    const { fingerprint: one } = await create();
    const { fingerprint: two } = await create();
    const groups = [{ name: 'both', keys: [one, two], threshold: 2 }];
    await authority.executeFor('acme', setPolicy, { policy: { version: 1, level: 'enforce', groups, names: [] } });
    const path = await sign();
    await expectCode('policy_not_met', () => verify(path));
    await authority.executeFor('acme', setPolicy, { policy: null });
    expect(await verify(path)).toMatchObject({ signerFingerprint: two });
  });

  describe('a trust bundle', () => {
    const exported = (args: { expires_in?: number } = {}) => authority.executeFor('acme', exportTrust, args);

    test('holds what the organisation trusts, revoked keys with their reasons, and the log that it rests on', async () => {
      await create();
      await rotate();
      const document = await exported();
      const bundle = await openBundle(encodeUtf8(document.bundle), {
        authority: authority.identity.did,
        now: new Date(document.issued_at),
      });
      expect(bundle.state).toMatchObject({ version: document.version, organisation: { name: 'acme' } });
      const counting = (await authority.trustFor({ organisation: 'acme', packageHash: '00' })).keys;
      const held = new Set(bundle.state.keys.map(({ fingerprint }) => fingerprint));
      for (const fingerprint of counting.keys()) expect(held).toContain(fingerprint);
      expect(bundle.rest.size).toBe(document.log_size);
      const [head] = await query(url, 'select size from log_head');
      expect(document.log_size).toBe(Number(head?.['size']));
    });

    test('counts for 30 days, or as long as is said', async () => {
      const lasts = ({ issued_at, expires_at }: { issued_at: string; expires_at: string }) =>
        (Date.parse(expires_at) - Date.parse(issued_at)) / 1000;
      expect(lasts(await exported())).toBe(30 * 86_400);
      expect(lasts(await exported({ expires_in: 60 }))).toBe(60);
      for (const expires_in of [0, 59, 1.5, 367 * 86_400])
        await expectCode('bad_input', () => exported({ expires_in }));
    });

    test('changes nothing, and has no entry in the log', async () => {
      await checkpoint();
      const before = await query(url, 'select size, generation from log_head');
      await exported();
      expect(await query(url, 'select size, generation from log_head')).toEqual(before);
    });

    test('is signed only while the vault is open', async () => {
      await using locked = await openAuthority({ database: url });
      await expectCode('locked', () => locked.executeFor('acme', exportTrust, {}));
    });

    test('is not made of rows that somebody has edited', async () => {
      await query(url, `update trusted_keys set key_name = 'other' where key_name = '${name()}'`);
      await expectCode('trust_tampered', () => exported());
    });
  });
});
