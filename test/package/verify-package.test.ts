import { createHash } from 'node:crypto';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, HanaperError } from '../../src/errors.ts';
import type { HanaperEvent } from '../../src/events.ts';
import { appendSignature, type VerifyOptions, verifyPackage, verifyPackageOffline } from '../../src/package/index.ts';
import { decodeSignature, type SignatureDocument } from '../../src/signature/index.ts';
import type { TrustMaterial, TrustQuery } from '../../src/trust/index.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import {
  createSigner,
  now,
  type Signer,
  signBy,
  signHashBy,
  temporaryFile,
  temporaryFolder,
  trustIn,
} from '../support/fixtures.ts';

const content = 'the bytes of a package';
const hash = createHash('sha256').update(content).digest('hex');
const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const authority = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';

function packageFile(...documents: readonly SignatureDocument[]): string {
  const path = temporaryFile('plugin.wasm', content);
  for (const document of documents) appendSignature(`${path}.sig`, document);
  return path;
}

function trusting(signers: readonly Signer[], documents: readonly SignatureDocument[] = []) {
  const events: HanaperEvent[] = [];
  const queries: TrustQuery[] = [];
  const material: TrustMaterial = {
    authority,
    organisation: alice.organisation,
    keys: trustIn(...signers),
    signatures: documents.map((document) => ({ origin: 'database', signature: decodeSignature(document) })),
  };
  const trustFor = async (query: TrustQuery) => {
    queries.push(query);
    return material;
  };
  const options: VerifyOptions = {
    organisation: 'acme',
    trust: { trustFor },
    observer: (event) => events.push(event),
    now,
  };
  return { options, events, queries };
}

describe('a package is verified', () => {
  test('by the signature beside it, which is an event', async () => {
    const path = packageFile(await signBy(alice, hash, { expiresAt: '2027-01-01T00:00:00Z' }));
    const { options, events, queries } = trusting([alice]);
    const result = await verifyPackage(path, options);
    expect(result).toEqual({
      packageHash: hash,
      signerFingerprint: alice.fingerprint,
      signerName: 'alice',
      organisation: alice.organisation,
      organisationName: null,
      format: 'dsse',
      signedAt: now.toISOString(),
      expiresAt: '2027-01-01T00:00:00Z',
    });
    expect(events).toEqual([
      {
        name: 'verification.success',
        time: now.toISOString(),
        details: {
          name: 'plugin.wasm',
          package_hash: hash,
          fingerprint: alice.fingerprint,
          key: 'alice',
          organisation: alice.organisation,
          format: 'dsse',
        },
      },
    ]);
    expect(queries).toEqual([{ organisation: 'acme', packageHash: hash, name: 'plugin.wasm' }]);
  });

  test('by a signature of the trust source, where that is asked for or nothing is beside it', async () => {
    const { options } = trusting([bob], [await signHashBy(bob, hash)]);
    const path = packageFile(await signBy(alice, hash));
    expect(await verifyPackage(path, { ...options, source: { kind: 'database' } })).toMatchObject({ format: 'v1' });
    expect(await verifyPackage(packageFile(), options)).toMatchObject({ signerName: 'bob' });
  });

  test('by the union of both, where the file beside it is malformed or says nothing', async () => {
    const { options } = trusting([bob], [await signBy(bob, hash)]);
    for (const beside of ['not JSON', '[]', JSON.stringify(await signBy(alice, hash))]) {
      const path = packageFile();
      writeFileSync(`${path}.sig`, beside);
      expect(await verifyPackage(path, options)).toMatchObject({ signerName: 'bob' });
    }
  });

  test('which reports why the file beside it does not count, if nothing in it does', async () => {
    const { options } = trusting([bob], [await signBy(bob, hash)]);
    const untrusted = packageFile(await signBy(alice, hash));
    expect(await verifyPackage(untrusted, options)).toMatchObject({ signatureProblem: { code: 'untrusted_signer' } });
    const malformed = packageFile();
    writeFileSync(`${malformed}.sig`, 'not JSON');
    expect(await verifyPackage(malformed, options)).toMatchObject({
      signatureProblem: { code: 'malformed_signature' },
    });
    const expired = packageFile(await signBy(bob, hash, { expiresAt: '2020-01-01T00:00:00Z' }));
    expect(await verifyPackage(expired, options)).toMatchObject({ signatureProblem: { code: 'signature_expired' } });
    for (const path of [packageFile(), packageFile(await signBy(alice, hash), await signBy(bob, hash))]) {
      expect(await verifyPackage(path, options)).not.toHaveProperty('signatureProblem');
    }
  });

  test('which reports the same under a policy, and nothing where the file was not asked for', async () => {
    const { options } = trusting([bob], [await signBy(bob, hash)]);
    const trustFor = async (query: TrustQuery) => ({
      ...(await options.trust.trustFor(query)),
      policy: { version: 1, level: 'enforce', groups: [], names: [] } as const,
    });
    const path = packageFile(await signBy(alice, hash));
    expect(await verifyPackage(path, { ...options, trust: { trustFor } })).toMatchObject({
      signatureProblem: { code: 'untrusted_signer' },
      policy: { met: true },
    });
    const source = { kind: 'database' } as const;
    expect(await verifyPackage(path, { ...options, source })).not.toHaveProperty('signatureProblem');
  });

  test('by the file beside it alone where it comes first and holds anything, otherwise by the database', async () => {
    const { options } = trusting([bob], [await signBy(bob, hash)]);
    const source = { kind: 'file-first' } as const;
    const path = packageFile(await signBy(alice, hash));
    await expectCode('untrusted_signer', () => verifyPackage(path, { ...options, source }));
    writeFileSync(`${path}.sig`, 'not JSON');
    await expectCode('malformed_signature', () => verifyPackage(path, { ...options, source }));
    expect(await verifyPackage(packageFile(), { ...options, source })).toMatchObject({ signerName: 'bob' });
    const good = packageFile(await signBy(bob, hash));
    expect(await verifyPackage(good, { ...options, source })).toMatchObject({ signerName: 'bob' });
  });

  test('by a signature that is kept elsewhere', async () => {
    const path = packageFile(await signBy(alice, hash));
    const elsewhere = join(temporaryFolder(), 'elsewhere');
    renameSync(`${path}.sig`, elsewhere);
    const { options } = trusting([alice]);
    expect(await verifyPackage(path, { ...options, source: { kind: 'detached', path: elsewhere } })).toMatchObject({
      signerName: 'alice',
    });
    await expectCode('signature_not_found', () => verifyPackage(path, options));
  });

  test('under the name that is given, or that of the link it was reached by', async () => {
    const path = packageFile(await signBy(alice, hash));
    const link = join(dirname(path), 'renamed.wasm');
    symlinkSync(path, link);
    symlinkSync(`${path}.sig`, `${link}.sig`);
    const { options } = trusting([alice]);
    await expectCode('package_name_mismatch', () => verifyPackage(link, options));
    expect(await verifyPackage(link, { ...options, name: 'plugin.wasm' })).toMatchObject({ signerName: 'alice' });
  });

  test('through an ACL, which the result names', async () => {
    const path = packageFile(await signBy(alice, hash));
    const { options } = trusting([]);
    const keys = new Map([[alice.fingerprint, { ...alice.trusted, via: 'friends' }]]);
    const trustFor = async () => ({ authority, organisation: bob.organisation, keys, signatures: [] });
    expect(await verifyPackage(path, { ...options, trust: { trustFor } })).toMatchObject({
      via: 'friends',
      organisation: bob.organisation,
    });
  });

  test('by the authority that was pinned, and by no other', async () => {
    const path = packageFile(await signBy(alice, hash));
    const { options, events } = trusting([alice]);
    await verifyPackage(path, { ...options, authority });
    const pinned = { ...options, authority: alice.organisation };
    const { details } = await expectCode('authority_changed', () => verifyPackage(path, pinned));
    expect(details).toEqual({ expected: alice.organisation, actual: authority });
    expect(events.at(-1)).toMatchObject({ name: 'verification.failure', reason: 'authority_changed' });
  });
});

describe('a package is refused, and that is an event too:', () => {
  const other = createHash('sha256').update('another package').digest('hex');
  test.each<[ErrorCode, () => Promise<SignatureDocument | string | undefined>]>([
    ['signature_not_found', async () => undefined],
    ['malformed_signature', async () => 'not JSON'],
    ['package_tampered', () => signBy(alice, other)],
    ['untrusted_signer', () => signBy(bob, hash)],
    [
      'invalid_signature',
      async () => ({ ...(await signHashBy(alice, hash)), signature: Buffer.alloc(64).toString('base64') }),
    ],
    ['package_name_mismatch', () => signBy(alice, hash, { name: 'other.wasm' })],
    ['untrusted_signer', () => signBy(alice, hash, { organisation: bob.organisation })],
    ['signature_not_yet_valid', () => signBy(alice, hash, { signedAt: '2026-03-02T00:00:00Z' })],
    ['signature_expired', () => signBy(alice, hash, { expiresAt: '2026-02-28T00:00:00Z' })],
  ])('%s', async (code, sign) => {
    const path = packageFile();
    const beside = await sign();
    if (beside !== undefined)
      writeFileSync(`${path}.sig`, typeof beside === 'string' ? beside : JSON.stringify(beside));
    const { options, events } = trusting([alice]);
    await expectCode(code, () => verifyPackage(path, options));
    expect(events).toEqual([
      {
        name: 'verification.failure',
        time: now.toISOString(),
        details: { name: 'plugin.wasm', package_hash: hash, organisation: 'acme' },
        reason: code,
      },
    ]);
  });

  test.each<[ErrorCode, string]>([
    ['package_empty', 'empty'],
    ['package_unreadable', 'missing'],
  ])('%s', async (code, name) => {
    const path = temporaryFile(name, '');
    if (name === 'missing') rmSync(path);
    const { options, events } = trusting([alice]);
    await expectCode(code, () => verifyPackage(path, options));
    expect(events).toMatchObject([{ name: 'verification.failure', reason: code, details: { name } }]);
  });

  test('not_found, where the trust source knows no such organisation', async () => {
    const { options, events } = trusting([alice]);
    const trustFor = () => Promise.reject(new HanaperError('not_found', 'No such organisation.'));
    await expectCode('not_found', () => verifyPackage(packageFile(), { ...options, trust: { trustFor } }));
    expect(events).toMatchObject([{ name: 'verification.failure', reason: 'not_found' }]);
  });

  test('internal, where the trust source itself breaks', async () => {
    const { options, events } = trusting([alice]);
    const broken = new Error('the disk is gone');
    const trust = { trustFor: () => Promise.reject(broken) };
    expect(await failureOf(() => verifyPackage(packageFile(), { ...options, trust }))).toBe(broken);
    expect(events).toMatchObject([{ name: 'verification.failure', reason: 'internal' }]);
  });
});

describe('an observer that throws', () => {
  const observer = () => {
    throw new Error('the log is full');
  };

  test('makes a verification fail that would have passed', async () => {
    const path = packageFile(await signBy(alice, hash));
    const { options } = trusting([alice]);
    await expect(verifyPackage(path, { ...options, observer })).rejects.toThrow('the log is full');
  });

  test('leaves a verification failed that was refused', async () => {
    const { options } = trusting([alice]);
    await expect(verifyPackage(packageFile(), { ...options, observer })).rejects.toThrow();
  });
});

describe('offline, with bare keys', () => {
  test('a package is verified by the signature beside it, whatever organisation owns the key', async () => {
    const path = packageFile(await signBy(alice, hash));
    const events: HanaperEvent[] = [];
    const options = {
      trustedKeys: [bob.publicKey, alice.publicKey],
      now,
      observer: (event: HanaperEvent) => events.push(event),
    };
    expect(await verifyPackageOffline(path, options)).toEqual({
      packageHash: hash,
      signerFingerprint: alice.fingerprint,
      signerName: null,
      organisation: null,
      organisationName: null,
      format: 'dsse',
      signedAt: now.toISOString(),
    });
    expect(events).toMatchObject([{ name: 'verification.success' }]);
  });

  test('a package is verified by a signature that is kept elsewhere, and under another name', async () => {
    const path = packageFile(await signBy(alice, hash, { name: 'released.wasm' }));
    const signature = join(temporaryFolder(), 'elsewhere');
    renameSync(`${path}.sig`, signature);
    const options = { trustedKeys: [alice.publicKey], signature, name: 'released.wasm', now };
    expect(await verifyPackageOffline(path, options)).toMatchObject({ signerFingerprint: alice.fingerprint });
  });

  test.each<[ErrorCode, () => Promise<SignatureDocument | undefined>]>([
    ['signature_not_found', async () => undefined],
    ['untrusted_signer', () => signBy(bob, hash)],
    ['package_tampered', () => signBy(alice, 'ab'.repeat(32))],
    ['package_name_mismatch', () => signBy(alice, hash, { name: 'other.wasm' })],
    ['signature_expired', () => signBy(alice, hash, { expiresAt: '2026-02-28T00:00:00Z' })],
  ])('a package is refused: %s', async (code, sign) => {
    const document = await sign();
    const path = document ? packageFile(document) : packageFile();
    await expectCode(code, () => verifyPackageOffline(path, { trustedKeys: [alice.publicKey], now }));
  });

  test('nobody is trusted where no key is given', async () => {
    const path = packageFile(await signBy(alice, hash));
    await expectCode('untrusted_signer', () => verifyPackageOffline(path, { trustedKeys: [], now }));
  });
});
