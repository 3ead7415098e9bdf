import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Ed25519PublicKey, generateSeed, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import type { Secret } from '../../src/crypto/secret.ts';
import { encodeEd25519DidKey } from '../../src/did/did-key.ts';
import { type DsseEnvelope, type HashSignature, signHash, signStatement } from '../../src/signature/index.ts';
import type { PackageStatement } from '../../src/signature/statement.ts';
import type { TrustedKey } from '../../src/signature/verify.ts';

/** A moment that every signing test starts from. */
export const now = new Date('2026-03-01T12:00:00.000Z');

/** The costs that are least of what is accepted. */
export const leastCosts = { memoryKib: 19 * 1024, passes: 2, lanes: 1 };

/** A signing key, with what the tests need to know of it. */
export interface Signer {
  readonly seed: Secret;
  readonly publicKey: Ed25519PublicKey;
  readonly fingerprint: string;
  readonly organisation: string;
  readonly trusted: TrustedKey;
}

/** A new signing key, and the DID of an organisation that owns it. */
export async function createSigner(name: string): Promise<Signer> {
  const seed = generateSeed();
  const publicKey = await publicKeyOf(seed);
  const fingerprint = fingerprintOf(publicKey);
  const organisation = encodeEd25519DidKey(await publicKeyOf(generateSeed()));
  return {
    seed,
    publicKey,
    fingerprint,
    organisation,
    trusted: { fingerprint, publicKey, name, owners: [organisation] },
  };
}

/** What `signer` states of a package, in good order unless told otherwise. */
export function statementBy(
  signer: Signer,
  packageHash: string,
  changes: Partial<PackageStatement> = {},
): PackageStatement {
  return {
    name: 'plugin.wasm',
    packageHash,
    organisation: signer.organisation,
    keyFingerprint: signer.fingerprint,
    signedAt: now.toISOString(),
    ...changes,
  };
}

/** A `dsse` document by `signer`. */
export function signBy(
  signer: Signer,
  packageHash: string,
  changes: Partial<PackageStatement> = {},
): Promise<DsseEnvelope> {
  return signStatement(signer.seed, statementBy(signer, packageHash, changes));
}

/** A `v1` document by `signer`. */
export function signHashBy(signer: Signer, packageHash: string): Promise<HashSignature> {
  return signHash(signer.seed, packageHash, signer.fingerprint, now.toISOString());
}

/** Trust in signers, directly. */
export function trustIn(...signers: readonly Signer[]): ReadonlyMap<string, TrustedKey> {
  return new Map(signers.map((signer) => [signer.fingerprint, signer.trusted]));
}

/** A new folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hanaper-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file into a new folder that is gone after the test, and returns its path. */
export function temporaryFile(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** Makes a named pipe that nobody writes to. */
export function makePipe(path: string): void {
  execFileSync('mkfifo', [path]);
}

/**
 * Runs an ES module of text in a Node process of its own, the sources imported as they stand from `src/`,
 * and returns what it printed; an error where it takes more than five seconds.
 */
export function runApart(script: string, ...parameters: readonly string[]): string {
  const source = script.replaceAll("'src/", `'${new URL('../../src/', import.meta.url).href}`);
  const flags = ['--conditions=source', '--input-type=module-typescript', '--eval', source];
  return execFileSync(process.execPath, [...flags, '--', ...parameters], { encoding: 'utf8', timeout: 5000 }).trim();
}

/**
 * Loads a source by Node itself, not by Vitest, which runs imports its own way: for what hooks into Node's.
 * `path` is below `src`.
 */
export function requireSource<Exports>(path: string): Exports {
  return createRequire(import.meta.url)(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)));
}
