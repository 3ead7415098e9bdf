import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, initializeAuthority, issueDelegation, openAuthority, openSigner } from '../../authority/index.ts';
import { concatBytes, encodeUtf8 } from '../../bytes.ts';
import { randomBytes } from '../../crypto/random.ts';
import { Secret } from '../../crypto/secret.ts';
import { encodeDidKey } from '../../did/did-key.ts';
import { encodeIdentityKeyPem } from '../../did/identity-key-file.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../did/private-key.ts';
import { encodeContainer } from '../../ucan/encoding/container.ts';
import { securityLevels } from '../../vault/costs.ts';
import type { Credential } from '../../vault/slot.ts';

/** What lies in the folder of a server for trying. */
export interface Playground {
  readonly folder: string;
  /** `sqlite:PATH` */
  readonly database: string;
  /** DID. */
  readonly authority: string;
  readonly organisation: { readonly name: string; readonly did: string };
  readonly key: { readonly name: string; readonly fingerprint: string };
  /** A job that may sign packages and list keys: its DID, key file and delegations. */
  readonly identity: { readonly did: string; readonly key_file: string; readonly proof_file: string };
  /** A file to sign. */
  readonly package_file: string;
  readonly stateFolder: string;
}

const organisationName = 'demo';
const keyName = 'release';
const allowed = ['/package/sign', '/key/list'];
const ownerOnly = 0o600;

/** The credential of a database that nobody opens a second time; the caller wipes it. */
export function createCredential(): Credential & { readonly kind: 'raw' } {
  return { kind: 'raw', key: Secret.hold(randomBytes(32)) };
}

/** Makes a database with an organisation and a signing key, and a job's key with its delegations, in an empty folder. */
export async function makePlayground(folder: string, credential: Credential): Promise<Playground> {
  const database = `sqlite:${join(folder, 'hanaper.db')}`;
  const stateFolder = join(folder, 'state', 'hanaper');
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const costs = securityLevels.interactive;
  const made = await initializeAuthority({
    database,
    slot: 'raw',
    credential,
    costs,
    organisation: organisationName,
  });
  const identity = await makeIdentity(folder);
  const packageFile = join(folder, 'hello.txt');
  writeFileSync(packageFile, 'Something to sign.\n', { mode: ownerOnly });
  await using authority = await openAuthority({ database });
  await authority.unlock(credential);
  const { fingerprint } = await authority.executeFor(organisationName, createKey, { name: keyName });
  const signer = await openSigner(authority, { organisation: organisationName });
  const delegations = [];
  for (const command of allowed) {
    const claims = { audience: identity.did, subject: signer.did, command, policy: [], expiration: null };
    delegations.push((await issueDelegation(authority, signer, claims)).bytes);
  }
  const container = await encodeContainer(delegations, 'base64url');
  writeFileSync(identity.proof_file, concatBytes(container, encodeUtf8('\n')), { mode: ownerOnly });
  return {
    folder,
    database,
    stateFolder,
    authority: made.did,
    organisation: { name: organisationName, did: signer.did },
    key: { name: keyName, fingerprint },
    identity,
    package_file: packageFile,
  };
}

async function makeIdentity(folder: string): Promise<Playground['identity']> {
  using key = await generatePrivateKey('ed25519');
  using pem = await encodeIdentityKeyPem(key);
  const keyFile = join(folder, 'ci.pem');
  writeFileSync(keyFile, pem.bytes, { mode: ownerOnly });
  const did = encodeDidKey(await publicKeyOfPrivate(key));
  return { did, key_file: keyFile, proof_file: join(folder, 'ci.ucan') };
}
