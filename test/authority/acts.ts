/** Acts of every kind that writes, and which tables each changes. Nothing here needs Vitest. */

import { lockDatabase, unlockDatabase } from '../../src/authority/commands/database.ts';
import { attachSignature } from '../../src/authority/commands/package.ts';
import {
  addTrust,
  amendKey,
  amendTrust,
  createKey,
  createOrganisation,
  grantAcl,
  importLegacyTokens,
  pruneDelegations,
  revokeAcl,
  revokeKey,
  revokeTrust,
  rotateKey,
  setOrganisation,
  setPolicy,
  signPackage,
  signPackageHash,
} from '../../src/authority/index.ts';
import { generateSeed } from '../../src/crypto/ed25519.ts';
import { byRawKey, importSeed } from '../support/authority.ts';
import { ask, type Door, packageHash, send } from '../support/door.ts';
import { openAnySigner, signLegacy } from '../support/legacy.ts';
import { revoke, storeAtOnce } from '../support/tokens.ts';
import { delegate, type Principal, principal } from '../support/ucan.ts';

/** An act, before which something may be prepared. */
export interface Act {
  readonly title: string;
  readonly command: string;
  readonly tables: readonly string[];
  prepare?(door: Door): Promise<unknown>;
  run(door: Door, prepared: unknown): Promise<unknown>;
}

const hash = packageHash;
const vendorKey = async () => {
  const { publicKey } = await principal('a vendor');
  return Buffer.from(publicKey.bytes).toString('hex');
};
const fingerprintOf = async (door: Door, name: string) => {
  const { keys } = await door.authority.trustFor({ organisation: 'acme', packageHash: hash });
  return [...keys.values()].find((key) => key.name === name)?.fingerprint ?? '';
};

/** In their order: each may rest on those before. */
export const acts: readonly Act[] = [
  {
    title: 'an organisation is created',
    command: '/org/create',
    tables: ['organizations', 'did_documents', 'ucan_delegations', 'trust_snapshots'],
    run: ({ authority }) => authority.execute(createOrganisation, { name: 'globex' }),
  },
  {
    title: 'both settings of an organisation are changed',
    command: '/org/set',
    tables: ['organizations'],
    run: ({ authority }) =>
      authority.executeFor('acme', setOrganisation, { hash_signatures: 'on', public_verification: 'on' }),
  },
  {
    title: 'a key is created',
    command: '/key/create',
    tables: ['signing_keys', 'trusted_keys', 'trust_snapshots'],
    run: ({ authority }) => authority.executeFor('acme', createKey, { name: 'second' }),
  },
  {
    title: 'a key is created without trust',
    command: '/key/create',
    tables: ['signing_keys'],
    run: ({ authority }) => authority.executeFor('acme', createKey, { name: 'third', trusted: false }),
  },
  {
    title: 'a key is taken in',
    command: '/key/import',
    tables: ['signing_keys', 'trusted_keys', 'trust_snapshots'],
    run: ({ authority }) => importSeed(authority, 'acme', { name: 'imported', seed: generateSeed() }),
  },
  {
    title: 'a key is trusted',
    command: '/trust/add',
    tables: ['trusted_keys', 'trust_snapshots'],
    run: async ({ authority }) =>
      authority.executeFor('acme', addTrust, { public_key: await vendorKey(), name: 'vendor' }),
  },
  {
    title: 'a key is labelled',
    command: '/key/amend',
    tables: ['signing_keys', 'trusted_keys'],
    run: ({ authority }) => authority.executeFor('acme', amendKey, { name: 'second', label: 'Second of two' }),
  },
  {
    title: 'a trusted key is labelled',
    command: '/trust/amend',
    tables: ['trusted_keys'],
    run: async (door) =>
      door.authority.executeFor('acme', amendTrust, {
        fingerprint: await fingerprintOf(door, 'vendor'),
        label: 'A vendor',
      }),
  },
  {
    title: 'trust in a key ends',
    command: '/trust/revoke',
    tables: ['trusted_keys', 'trust_snapshots'],
    run: async (door) =>
      door.authority.executeFor('acme', revokeTrust, { fingerprint: await fingerprintOf(door, 'vendor') }),
  },
  {
    title: "another's keys are accepted",
    command: '/acl/grant',
    tables: ['key_trust_acls', 'trust_snapshots'],
    run: ({ authority }) => authority.executeFor('globex', grantAcl, { child: 'acme' }),
  },
  {
    title: "another's keys are accepted no longer",
    command: '/acl/revoke',
    tables: ['key_trust_acls', 'trust_snapshots'],
    run: ({ authority }) => authority.executeFor('globex', revokeAcl, { child: 'acme' }),
  },
  {
    title: 'a package is signed by somebody who was never here',
    command: '/package/sign',
    tables: ['did_documents'],
    run: async (door) => send(door, await ask(door)),
  },
  {
    title: 'a package is signed by somebody who was',
    command: '/package/sign',
    tables: [],
    run: async (door) => send(door, await ask(door)),
  },
  {
    title: 'a package is signed, with an end, and the signature kept',
    command: '/package/sign',
    tables: ['package_signatures'],
    run: ({ authority }) => {
      const args = { hash, name: 'a.wasm', key: 'release', store: true, expires_at: '2030-01-01T00:00:00.000Z' };
      return authority.executeFor('acme', signPackage, args);
    },
  },
  {
    title: 'a package is signed anew, and the signature kept in place of the other',
    command: '/package/sign',
    tables: ['package_signatures'],
    run: ({ authority }) =>
      authority.executeFor('acme', signPackage, { hash, name: 'a.wasm', key: 'release', store: true }),
  },
  {
    title: 'a bare hash is signed, and the signature kept',
    command: '/package/sign-hash',
    tables: ['package_signatures'],
    run: ({ authority }) => authority.executeFor('acme', signPackageHash, { hash, key: 'second', store: true }),
  },
  {
    title: 'a given signature is kept',
    command: '/package/attach',
    tables: ['package_signatures'],
    prepare: ({ authority }) => authority.executeFor('acme', signPackage, { hash, name: 'b.wasm', key: 'imported' }),
    run: ({ authority }, signed) => {
      const { signature } = signed as Awaited<ReturnType<typeof signPackage.run>>;
      return authority.executeFor('acme', attachSignature, { hash, name: 'b.wasm', signature });
    },
  },
  {
    title: 'a policy is set',
    command: '/policy/set',
    tables: ['organizations', 'trust_snapshots'],
    run: ({ authority }) =>
      authority.executeFor('acme', setPolicy, { policy: { version: 1, level: 'audit', groups: [], names: [] } }),
  },
  {
    title: 'a key is replaced by a successor',
    command: '/key/rotate',
    tables: ['signing_keys', 'trusted_keys', 'trust_snapshots'],
    run: ({ authority }) => authority.executeFor('acme', rotateKey, { name: 'imported' }),
  },
  {
    title: 'a key is revoked, and all trust in it',
    command: '/key/revoke',
    tables: ['signing_keys', 'trusted_keys', 'trust_snapshots'],
    run: ({ authority }) => authority.executeFor('acme', revokeKey, { name: 'second' }),
  },
  {
    title: 'delegations are stored, some of which expired',
    command: '/delegation/store',
    tables: ['ucan_delegations', 'did_documents'],
    run: async ({ authority, time }) => {
      const [alice, bob] = await people();
      const powerline = await delegate(bob, alice, { subject: null, policy: [['==', '.a', 1.5]], notBefore: 0 });
      const old = { command: '/old', expiration: time - 1000 };
      const tokens = [await delegate(alice, bob), powerline, await delegate(alice, bob, old)];
      return storeAtOnce(authority, tokens);
    },
  },
  {
    title: 'expired delegations are removed',
    command: '/delegation/prune',
    tables: ['ucan_delegations'],
    run: ({ authority }) => authority.execute(pruneDelegations, {}),
  },
  {
    title: 'nothing is removed',
    command: '/delegation/prune',
    tables: [],
    run: ({ authority }) => authority.execute(pruneDelegations, {}),
  },
  {
    title: 'a delegation is revoked, for a reason',
    command: '/ucan/revoke',
    tables: ['ucan_revocations'],
    run: async ({ authority }) => {
      const [alice, bob] = await people();
      const target = await delegate(alice, bob);
      return revoke(authority, alice, target, { path: [target.cid], reason: 'it is lost' });
    },
  },
  {
    title: 'tokens of the past are kept, and one issued anew',
    command: '/ucan/import-legacy',
    tables: ['ucan_legacy_tokens', 'ucan_delegations', 'did_documents'],
    run: async ({ authority }) => {
      const acme = await openAnySigner(authority, 'acme');
      const att = [{ with: 'db://example.com/users', can: 'db/READ' }];
      const audience = await principal('somebody of the past');
      const tokens = [await signLegacy(acme, audience, { payload: { att } }), await signLegacy(audience, audience)];
      return authority.execute(importLegacyTokens, { tokens, commands: { 'db/READ': '/db/read' } });
    },
  },
  {
    title: 'the vault was opened by somebody who asked for it',
    command: '/database/unlock',
    tables: [],
    run: ({ authority }) => authority.execute(unlockDatabase, {}),
  },
  {
    title: 'the vault is locked',
    command: '/database/lock',
    tables: [],
    run: async ({ authority }) => {
      await authority.execute(lockDatabase, {});
      if (!authority.locked) throw new TypeError('it is not locked');
      await authority.unlock(byRawKey(1));
    },
  },
];

async function people(): Promise<[Principal, Principal]> {
  return [await principal('alice'), await principal('bob')];
}
