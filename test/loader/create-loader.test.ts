import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { HanaperEvent } from '../../src/events.ts';
import { createLoader, instantiate, type LoaderOptions } from '../../src/loader/index.ts';
import { appendSignature } from '../../src/package/index.ts';
import type { SignatureDocument } from '../../src/signature/index.ts';
import type { TrustSource } from '../../src/trust/index.ts';
import { expectCode } from '../support/codes.ts';
import {
  createSigner,
  makePipe,
  now,
  runApart,
  signBy,
  signHashBy,
  temporaryFile,
  temporaryFolder,
  trustIn,
} from '../support/fixtures.ts';
import { fromHex } from '../support/vectors.ts';

// A module whose one export is a function `answer` that returns a number.
const wasm = (answer: number) =>
  concatBytes(
    fromHex('0061736d010000000105016000017f03020100070a0106616e7377657200000a0601040041'),
    Uint8Array.of(answer, 0x0b),
  );
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const authority = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';
const trust: TrustSource = {
  trustFor: async () => ({ authority, organisation: alice.organisation, keys: trustIn(alice), signatures: [] }),
};

async function signedPackage(document?: (hash: string) => Promise<SignatureDocument>): Promise<string> {
  const path = temporaryFile('plugin.wasm', wasm(42));
  const sign = document ?? ((hash: string) => signBy(alice, hash));
  appendSignature(`${path}.sig`, await sign(sha256(wasm(42))));
  return path;
}

function strictLoader(changes: Partial<LoaderOptions> = {}) {
  const events: HanaperEvent[] = [];
  const security = { requireSignatures: true, verificationOrg: 'acme' };
  const observer = (event: HanaperEvent) => events.push(event);
  return { events, loader: createLoader({ security, trust, observer, clock: () => now, ...changes }) };
}

function answerOf(module: WebAssembly.Module): unknown {
  const { answer } = new WebAssembly.Instance(module).exports;
  return typeof answer === 'function' ? answer() : undefined;
}

describe('where signatures are not required', () => {
  test.each<[string, LoaderOptions | undefined]>([
    ['by default', undefined],
    ['by configuration', { security: { requireSignatures: false, verificationOrg: 'acme' }, trust }],
  ])('%s, a package is loaded unchecked', async (_, options) => {
    const loaded = await createLoader(options).load(temporaryFile('plugin.wasm', wasm(7)));
    expect(loaded).toMatchObject({ kind: 'wasm', packageHash: sha256(wasm(7)), verification: null });
    if (loaded.kind === 'wasm') expect(answerOf(loaded.module)).toBe(7);
  });

  test('not even a bad signature is looked at', async () => {
    const path = temporaryFile('plugin.wasm', wasm(7));
    writeFileSync(`${path}.sig`, 'not JSON');
    expect(await createLoader().load(path)).toMatchObject({ verification: null });
  });
});

describe('a loader that requires signatures is bad configuration at once', () => {
  const security = { requireSignatures: true };
  test.each<[string, LoaderOptions]>([
    ['without trust and organisation', { security }],
    ['without an organisation', { security, trust }],
    ['without trust', { security: { ...security, verificationOrg: 'acme' } }],
    ['without trust, though an organisation is named beside it', { security, org: 'acme' }],
    ['with an empty organisation', { security: { ...security, verificationOrg: '' }, trust }],
    ['with an empty authority', { security: { ...security, verificationOrg: 'acme', authority: '' }, trust }],
  ])('%s', async (_, options) => {
    await expectCode('bad_config', () => createLoader(options));
  });

  test.each([
    ['a setting that is misspelt', { requireSignature: true }],
    ['a setting that is no boolean', { requireSignatures: 'yes' }],
    ['a setting that is left out', { verificationOrg: 'acme' }],
    ['null', null],
  ])('%s does not leave the check off', async (_, security) => {
    await expectCode('bad_config', () => createLoader({ security: security as never }));
  });

  test.each<[string, LoaderOptions]>([
    ['trust', { trust }],
    ['an organisation', { org: 'acme' }],
    ['trust and an organisation', { trust, org: 'acme' }],
    ['an organisation from an empty variable', { org: '' }],
  ])('%s without a word on whether signatures are required does not leave the check off', async (_, options) => {
    await expectCode('bad_config', () => createLoader(options));
  });

  const strict = { security: { ...security, verificationOrg: 'acme' }, trust };
  test.each<[string, object, string]>([
    ['requireSignatures one level too high', { requireSignatures: true }, 'requireSignatures'],
    ['verificationOrg one level too high', { ...strict, verificationOrg: 'acme' }, 'verificationOrg'],
    ['authority one level too high', { ...strict, authority }, 'authority'],
    ['a misspelt option', { Security: strict.security }, 'Security'],
    ['an option of a prototype', Object.create({ requireSignatures: true }), 'requireSignatures'],
    ['trust one level too low', { security: { ...strict.security, trust } }, 'trust'],
    ['org one level too low', { security: { ...security, org: 'acme' }, trust }, 'org'],
    ['an unset authority', { ...strict, security: { ...strict.security, authority: undefined } }, 'authority'],
    ['an authority that is no text', { ...strict, security: { ...strict.security, authority: null } }, 'authority'],
    ['a second organisation', { ...strict, org: 'other' }, 'org'],
  ])('with %s', async (_, options, field) => {
    expect((await expectCode('bad_config', () => createLoader(options))).details).toMatchObject({ field });
  });

  test.each([
    ['null in place of trust', { ...strict, trust: null }],
    ['trust that gives none', { ...strict, trust: {} }],
    ['an organisation that is no text', { ...strict, security: { ...security, verificationOrg: 7 } }],
    ['invalid options', null],
  ])('with %s', async (_, options) => {
    await expectCode('bad_config', () => createLoader(options as never));
  });

  test.each([
    ['unknown', { organisation: 'acme' }],
    ['unknown in the source', { source: { kind: 'auto', path: 'plugin.wasm.sig', also: 1 } }],
    ['a source of no known kind', { source: { kind: 'file', path: 'plugin.wasm.sig' } }],
    ['a source that is text', { source: 'database' }],
  ])('and so is an option of one package that is %s', async (_, options) => {
    const path = await signedPackage();
    await expectCode('bad_config', () => createLoader(strict).load(path, options as never));
    await expectCode('bad_config', () => createLoader(strict).read(path, options as never));
  });

  test('but takes the organisation from beside the security configuration', async () => {
    const { loader } = strictLoader({ security, org: 'acme' });
    expect(await loader.load(await signedPackage())).toMatchObject({ kind: 'wasm' });
  });
});

describe('where signatures are required', () => {
  test('a signed package is verified and loaded, and both are events', async () => {
    const { loader, events } = strictLoader();
    const path = await signedPackage();
    const loaded = await loader.load(path);
    expect(loaded).toMatchObject({
      kind: 'wasm',
      verification: { signerName: 'alice', packageHash: loaded.packageHash },
    });
    if (loaded.kind === 'wasm') expect(answerOf(loaded.module)).toBe(42);
    expect(events.map((event) => event.name)).toEqual(['verification.success', 'package.load.success']);
    expect(events.at(-1)).toEqual({
      name: 'package.load.success',
      time: now.toISOString(),
      details: { path, package_hash: sha256(wasm(42)) },
    });
  });

  test.each<[ErrorCode, (path: string) => unknown]>([
    ['signature_not_found', (path) => rmSync(`${path}.sig`)],
    ['malformed_signature', (path) => writeFileSync(`${path}.sig`, '{}')],
    ['package_tampered', (path) => writeFileSync(path, wasm(43))],
    ['package_unreadable', (path) => rmSync(path)],
    ['package_empty', (path) => writeFileSync(path, '')],
  ])('%s stops a package, and is an event', async (code, spoil) => {
    const { loader, events } = strictLoader();
    const path = await signedPackage();
    spoil(path);
    await expectCode(code, () => loader.load(path));
    expect(events.at(-1)).toEqual({
      name: 'package.load.failure',
      time: now.toISOString(),
      details: { path },
      reason: code,
    });
  });

  test.each<[ErrorCode, (hash: string) => Promise<SignatureDocument>]>([
    ['untrusted_signer', (hash) => signBy(bob, hash)],
    ['package_name_mismatch', (hash) => signBy(alice, hash, { name: 'other.wasm' })],
    ['signature_expired', (hash) => signBy(alice, hash, { expiresAt: '2026-01-01T00:00:00Z' })],
    ['signature_not_yet_valid', (hash) => signBy(alice, hash, { signedAt: '2027-01-01T00:00:00Z' })],
    ['invalid_signature', async (hash) => ({ ...(await signHashBy(alice, hash)), signature: `${'A'.repeat(86)}==` })],
  ])('%s stops a package', async (code, sign) => {
    const { loader } = strictLoader();
    await expectCode(code, async () => loader.load(await signedPackage(sign)));
  });

  test('the name and the signature may be given apart', async () => {
    const { loader } = strictLoader();
    const path = await signedPackage((hash) => signBy(alice, hash, { name: 'released.wasm' }));
    const elsewhere = await signedPackage();
    expect(await loader.load(path, { name: 'released.wasm' })).toMatchObject({ kind: 'wasm' });
    const source = { kind: 'detached', path: `${elsewhere}.sig` } as const;
    expect(await loader.load(path, { source })).toMatchObject({ kind: 'wasm' });
    await expectCode('signature_not_found', () => loader.load(elsewhere, { source: { kind: 'database' } }));
  });

  test('only the authority that was pinned may vouch', async () => {
    const security = { requireSignatures: true, verificationOrg: 'acme' };
    const path = await signedPackage();
    const { loader } = strictLoader({ security: { ...security, authority } });
    expect(await loader.load(path)).toMatchObject({ kind: 'wasm' });
    const { loader: other } = strictLoader({ security: { ...security, authority: alice.organisation } });
    await expectCode('authority_changed', () => other.load(path));
  });

  test('an observer that throws stops the package', async () => {
    const observer = () => {
      throw new Error('the log is full');
    };
    const { loader } = strictLoader({ observer });
    await expect(loader.load(await signedPackage())).rejects.toThrow('the log is full');
  });
});

describe('what is loaded is what was verified, where the file is swapped', () => {
  const swapping = (path: string): TrustSource => ({
    trustFor: async (query) => {
      writeFileSync(path, wasm(13));
      return trust.trustFor(query);
    },
  });

  test('during verification', async () => {
    const path = await signedPackage();
    const loaded = await strictLoader({ trust: swapping(path) }).loader.load(path);
    expect(loaded.packageHash).toBe(sha256(wasm(42)));
    if (loaded.kind === 'wasm') expect(answerOf(loaded.module)).toBe(42);
  });

  test('between reading and loading', async () => {
    const path = await signedPackage();
    const verified = await strictLoader().loader.read(path);
    writeFileSync(path, wasm(13));
    expect(verified.bytes).toEqual(wasm(42));
    const loaded = await instantiate(verified);
    if (loaded.kind === 'wasm') expect(answerOf(loaded.module)).toBe(42);
  });
});

describe('what cannot be loaded is bad input, or unreadable:', () => {
  test.each(['plugin', 'plugin.cjs', 'plugin.json', 'plugin.WASM', 'plugin.node', 'plugin.constructor', '.wasm'])(
    'a file named %s',
    async (name) => {
      await expectCode('bad_input', () => createLoader().load(temporaryFile(name, wasm(42))));
    },
  );

  test.each([
    ['text', encodeUtf8('this is text')],
    ['a cut module', wasm(42).subarray(0, 20)],
    ['another version', fromHex('0061736d02000000')],
  ])('%s in a .wasm file', async (_, bytes) => {
    await expectCode('bad_input', () => createLoader().load(temporaryFile('plugin.wasm', bytes)));
  });

  test('a folder', async () => {
    const path = join(temporaryFolder(), 'plugin.wasm');
    mkdirSync(path);
    await expectCode('package_unreadable', () => createLoader().load(path));
  });

  test('a pipe, without hanging', () => {
    const path = join(temporaryFolder(), 'plugin.wasm');
    makePipe(path);
    const script = `
      import { createLoader } from 'src/loader/index.ts';
      await createLoader().load(process.argv[1]).catch((error) => console.log(error.code));`;
    expect(runApart(script, path)).toBe('package_unreadable');
  });

  test('a link under another name, unless that is the name it was signed under', async () => {
    const path = await signedPackage();
    const link = join(dirname(path), 'link.wasm');
    symlinkSync(path, link);
    symlinkSync(`${path}.sig`, `${link}.sig`);
    await expectCode('package_name_mismatch', () => strictLoader().loader.load(link));
  });
});
