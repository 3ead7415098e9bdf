/** What is asked of Hanaper, one thing after the other, by whichever way: each command, and how it is refused. */
import { createHash } from 'node:crypto';
import { grantAcl, listAcls, revokeAcl } from '../../src/authority/commands/acl.ts';
import { amendKey, amendTrust } from '../../src/authority/commands/amend-label.ts';
import {
  type DelegationListDocument,
  listStoredDelegations,
  pruneDelegations,
  storeDelegations,
} from '../../src/authority/commands/delegation.ts';
import { exportTrust } from '../../src/authority/commands/export-trust.ts';
import { findStoredChain } from '../../src/authority/commands/find-chain.ts';
import { importLegacyTokens } from '../../src/authority/commands/import-legacy.ts';
import type { StoredDocument } from '../../src/authority/commands/keep-delegations.ts';
import { createKey, exportKey, importKey, listKeys } from '../../src/authority/commands/key.ts';
import { proveLog, readLog, showCheckpoint, showLogKey } from '../../src/authority/commands/log.ts';
import {
  createOrganisation,
  listOrganisations,
  setOrganisation,
  showOrganisation,
} from '../../src/authority/commands/org.ts';
import {
  attachSignature,
  listPackageSignatures,
  type SignedDocument,
  type StoredSignatureDocument,
  signPackage,
  signPackageHash,
} from '../../src/authority/commands/package.ts';
import { listPackages } from '../../src/authority/commands/package-list.ts';
import { provePackage } from '../../src/authority/commands/package-proof.ts';
import { setPolicy, showPolicy } from '../../src/authority/commands/policy.ts';
import { revokeKey } from '../../src/authority/commands/revoke-key.ts';
import { rotateKey } from '../../src/authority/commands/rotate-key.ts';
import { showDelegation } from '../../src/authority/commands/show-delegation.ts';
import { addTrust, listTrust, revokeTrust } from '../../src/authority/commands/trust.ts';
import { revokeDelegation } from '../../src/authority/commands/ucan.ts';
import { publicKeyOf } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeSignature } from '../../src/signature/document.ts';
import { formatCid } from '../../src/ucan/encoding/cid.ts';
import { sealedSeed } from './authority.ts';
import { type Before, type Case, does, type More, refuses } from './case.ts';
import { type Cli, writeKey, writeTokens } from './cli.ts';
import { signLatestLegacy, signLegacy } from './legacy.ts';
import type { Place } from './place.ts';
import { delegate, principal } from './ucan.ts';

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
const hash = sha256('a package');
const theirSeed = createHash('sha256').update('their seed').digest();
const issuer = await principal('issuer');
const audience = await principal('audience');
const vendor = (await principal('vendor')).publicKey.bytes;
const other = (await principal('another vendor')).publicKey.bytes;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const mail = await delegate(issuer, audience, { command: '/mail', nonce: new Uint8Array(12) });
const unstored = await delegate(issuer, audience, { command: '/mail/other', nonce: new Uint8Array(12) });
const legacy = [
  await signLegacy(await principal('legacy issuer'), await principal('legacy audience')),
  await signLatestLegacy(await principal('legacy issuer'), await principal('legacy audience')),
  'nonsense',
];
const mapping = { 'db/READ': '/db/read' };
const wrongMapping = { 'db/READ': 'no command' };

const weak = new Uint8Array(32);
const vendorId = sha256(vendor);
const trusted = { public_key: hex(vendor), name: 'vendor' };
const package_ = { hash, name: 'plugin.wasm' };
const theirs = sha256(await publicKeyOf(Secret.copyOf(theirSeed)));
const policy = {
  version: 1,
  level: 'audit',
  groups: [{ name: 'release', keys: [theirs], threshold: 1 }],
  names: [{ pattern: '*.wasm', keys: [theirs] }],
} as const;
const unmeetable = { ...policy, groups: [{ name: 'release', keys: [theirs], threshold: 2 }] };
const unknown = { ...policy, groups: [{ name: 'release', keys: ['00'.repeat(32)], threshold: 1 }] };
const exported: More = {
  prints: ({ bundle: _, ...document }: { readonly bundle: string }) => ({ ...document, file: 'acme.trust' }),
};
const inFuture = '2999-01-01T00:00:00.000Z';
const inPast = '2020-01-01T00:00:00.000Z';
const beta: More = { more: { organisation: 'beta' } };
const signedInto = (file: string): More => ({
  prints: (signed: SignedDocument) => ({ package_hash: hash, signature_file: file, stored: true, ...signed }),
});
const attached: More = { prints: (one: object) => ({ package_hash: hash, attached: [one], refused: [] }) };
const listed: More = {
  prints: ({ signatures }: { readonly signatures: readonly StoredSignatureDocument[] }) => ({
    package_hash: hash,
    signatures: signatures.map(({ signature: _, ...rest }) => ({
      where: 'database',
      name: rest.format === 'dsse' ? 'plugin.wasm' : null,
      ...rest,
    })),
  }),
};
const signature = (before: Before) => (before(signPackage) as SignedDocument).signature;
const placeOf = (before: Before) => {
  const { signature, signed_at } = before(signPackage) as SignedDocument;
  return { signature: sha256(decodeSignature(signature).signature), signed_at };
};
const proven: More = {
  prints: ({ index }: { readonly index: number }) => ({
    proof_file: 'plugin.wasm.proof.json',
    proofs: [{ key_fingerprint: theirs, index }],
  }),
};
const seed = async ({ authority }: Place) => sealedSeed(authority, Secret.copyOf(theirSeed));
const imported: More = { prints: (stored: StoredDocument) => ({ ...stored, revoked: [] }) };
const page: More = { prints: ({ delegations }: DelegationListDocument) => ({ delegations }) };

/** In this order, each on what those before it have left. */
export const cases: readonly Case[] = [
  does(createOrganisation, { name: 'beta' }, 'org create beta'),
  refuses('already_exists', createOrganisation, { name: 'beta' }, 'org create beta'),
  refuses('bad_input', createOrganisation, { name: 'No-Good' }, 'org create No-Good'),
  does(listOrganisations, {}, 'org list'),
  refuses('bad_input', listOrganisations, { stray: 'yes' }),
  does(showOrganisation, {}, 'org show acme'),
  refuses('bad_input', showOrganisation, { stray: true }),
  refuses('not_found', showOrganisation, undefined, 'org show none'),
  does(setOrganisation, { hash_signatures: 'on' }, 'org set acme --hash-signatures on'),
  does(
    setOrganisation,
    { hash_signatures: 'on', public_verification: 'on' },
    'org set acme --public-verification on --hash-signatures on',
  ),
  does(setOrganisation, {}),
  refuses('usage', setOrganisation, undefined, 'org set acme'),
  refuses('not_found', setOrganisation, undefined, 'org set none --hash-signatures on'),
  refuses('bad_input', setOrganisation, { public_verification: 'maybe' }),

  does(createKey, { name: 'release' }, 'key create release --org acme'),
  does(createKey, { name: 'spare', trusted: false }, 'key create spare --no-trust --org acme'),
  refuses('already_exists', createKey, { name: 'release' }, 'key create release --org acme'),
  does(amendKey, { name: 'release', label: 'Releases' }, 'key amend release --label Releases --org acme'),
  refuses('bad_input', amendKey, { name: 'release', label: ' ' }),
  refuses('not_found', amendKey, { name: 'none', label: 'None' }, 'key amend none --label None --org acme'),
  refuses('bad_input', createKey, { name: 'No-Good' }, 'key create No-Good --org acme'),
  refuses('usage', createKey, undefined, 'key create second'),
  does(
    importKey,
    async (place) => ({ name: 'theirs', ...(await seed(place)) }),
    'key import theirs theirs.seed --org acme',
  ),
  refuses(
    'already_exists',
    importKey,
    async (place) => ({ name: 'again', ...(await seed(place)) }),
    'key import again theirs.seed --org acme',
  ),
  refuses('bad_input', importKey, { name: 'other', public_key: hash, sealed_seed: '00'.repeat(80) }),
  refuses('bad_input', importKey, undefined, 'key import none no-such-file --org acme'),
  refuses('weak_key', importKey, undefined, 'key import weak weak.seed --org acme'),
  does(listKeys, {}, 'key list --org acme'),
  refuses('bad_input', listKeys, { all: true }),
  refuses('usage', listKeys, undefined, 'key list'),
  refuses('not_found', listKeys, undefined, 'key list --org none'),
  does(exportKey, { name: 'theirs' }, 'key export theirs --org acme'),
  does(exportKey, { name: 'theirs' }, 'key export theirs --output theirs.pem --org acme'),
  does(exportKey, { name: 'theirs' }, 'key show theirs --org acme', {
    prints: ({ pem: _, ...document }: { readonly pem: string }) => document,
  }),
  refuses('not_found', exportKey, { name: 'none' }, 'key export none --org acme'),

  does(addTrust, trusted, 'trust add vendor.pub --org acme'),
  does(addTrust, { public_key: hex(other) }, 'trust add no_name.pub --org acme'),
  refuses('already_trusted', addTrust, trusted, 'trust add vendor.pub --org acme'),
  does(amendTrust, { fingerprint: vendorId, label: 'Vendor' }, `trust amend ${vendorId} --label Vendor --org acme`),
  refuses('not_found', amendTrust, { fingerprint: hash, label: 'None' }, `trust amend ${hash} --label None --org acme`),
  refuses('weak_key', addTrust, { public_key: hex(weak) }, 'trust add weak.pub --org acme'),
  does(listTrust, {}, 'trust list --org acme'),
  refuses('bad_input', listTrust, { stray: 1 }),
  refuses('not_found', listTrust, undefined, 'trust list --org none'),
  does(revokeTrust, { fingerprint: sha256(vendor) }, `trust revoke ${sha256(vendor)} --org acme`),
  refuses('not_found', revokeTrust, { fingerprint: sha256(vendor) }, `trust revoke ${sha256(vendor)} --org acme`),
  refuses('bad_input', revokeTrust, { fingerprint: 'short' }, 'trust revoke short --org acme'),

  does(grantAcl, { child: 'acme' }, 'acl grant --parent beta --child acme', beta),
  refuses('already_trusted', grantAcl, { child: 'acme' }, 'acl grant --parent beta --child acme', beta),
  refuses('bad_input', grantAcl, { child: 'beta' }, 'acl grant --parent beta --child beta', beta),
  refuses('not_found', grantAcl, { child: 'none' }, 'acl grant --parent beta --child none', beta),
  does(listAcls, {}, 'acl list --org beta', beta),
  does(listTrust, {}, 'trust list --org beta', beta),
  refuses('bad_input', listAcls, { stray: '' }),
  refuses('not_found', listAcls, undefined, 'acl list --org none'),
  does(revokeAcl, { child: 'acme' }, 'acl revoke --parent beta --child acme', beta),
  refuses('not_found', revokeAcl, { child: 'acme' }, 'acl revoke --parent beta --child acme', beta),

  does(rotateKey, { name: 'release' }, 'key rotate release --org acme'),
  refuses('not_found', rotateKey, { name: 'none' }, 'key rotate none --org acme'),
  does(
    revokeTrust,
    { fingerprint: sha256(other), reason: 'compromised' },
    `trust revoke ${sha256(other)} --reason compromised --org acme`,
  ),
  refuses('key_revoked', addTrust, { public_key: hex(other) }, 'trust add no_name.pub --org acme'),
  does(setPolicy, { policy }, 'policy set policy.json --org acme'),
  refuses('not_found', setPolicy, { policy: unknown }, 'policy set unknown.json --org acme'),
  refuses('bad_input', setPolicy, { policy: unmeetable }),
  refuses('bad_input', setPolicy, undefined, 'policy set unmeetable.json --org acme'),
  does(showPolicy, {}, 'policy show --org acme'),
  refuses('bad_input', showPolicy, { stray: 1 }),
  refuses('not_found', showPolicy, undefined, 'policy show --org none'),
  does(exportTrust, { expires_in: 3600 }, 'trust export --expires 60m --org acme', exported),
  refuses('bad_input', exportTrust, { expires_in: 59 }),
  refuses('usage', exportTrust, undefined, 'trust export --expires soon --org acme'),
  does(setPolicy, { policy: null }, 'policy clear --org acme'),

  does(
    signPackage,
    { ...package_, key: 'theirs', expires_at: inFuture, store: true },
    `package sign plugin.wasm --key theirs --expires ${inFuture} --store --org acme`,
    signedInto('plugin.wasm.sig'),
  ),
  refuses('not_found', signPackage, { ...package_, key: 'none' }, 'package sign plugin.wasm --key none --org acme'),
  refuses(
    'bad_input',
    signPackage,
    { ...package_, key: 'theirs', expires_at: inPast },
    `package sign plugin.wasm --key theirs --expires ${inPast} --org acme`,
  ),
  refuses('bad_input', signPackage, { ...package_, hash: hash.toUpperCase(), key: 'theirs' }),
  refuses('package_unreadable', signPackage, undefined, 'package sign no-such-file --key theirs --org acme'),
  refuses('package_empty', signPackage, undefined, 'package sign empty.wasm --key theirs --org acme'),
  does(
    signPackageHash,
    { hash, key: 'release', store: true },
    'package sign plugin.wasm --format v1 --key release --store --output hash.sig --org acme',
    signedInto('hash.sig'),
  ),
  refuses(
    'not_found',
    signPackageHash,
    { hash, key: 'none' },
    'package sign plugin.wasm --format v1 --key none --org acme',
  ),
  does(provePackage, (_, before) => placeOf(before), 'package proof plugin.wasm --org acme', proven),
  refuses('not_found', provePackage, (_, before) => ({ ...placeOf(before), signed_at: inPast })),
  refuses('not_found', provePackage, (_, before) => placeOf(before), undefined, beta),
  refuses('not_found', provePackage, undefined, 'package proof plugin.wasm --org beta'),
  does(
    attachSignature,
    (_, before) => ({ ...package_, signature: signature(before) }),
    'package attach plugin.wasm --org acme',
    attached,
  ),
  does(provePackage, (_, before) => placeOf(before), 'package proof plugin.wasm --org acme', proven),
  refuses(
    'package_name_mismatch',
    attachSignature,
    (_, before) => ({ hash, name: 'other.wasm', signature: signature(before) }),
    'package attach plugin.wasm --name other.wasm --org acme',
  ),
  refuses(
    'package_tampered',
    attachSignature,
    (_, before) => ({ hash: sha256('another package'), name: 'changed.wasm', signature: signature(before) }),
    'package attach changed.wasm --signature plugin.wasm.sig --org acme',
  ),
  refuses(
    'untrusted_signer',
    attachSignature,
    (_, before) => ({ ...package_, signature: signature(before) }),
    'package attach plugin.wasm --org beta',
    beta,
  ),
  refuses('signature_not_found', attachSignature, undefined, 'package attach changed.wasm --org acme'),
  does(listPackageSignatures, { hash }, 'package signatures copy.wasm', listed),
  refuses('bad_input', listPackageSignatures, { hash: 'short' }),
  does(
    listPackages,
    { organisation: 'acme', key: 'theirs', name: '*.wasm', limit: 1000 },
    'package list --key theirs --name *.wasm --org acme',
  ),
  refuses('not_found', listPackages, { organisation: 'none', limit: 1000 }, 'package list --org none'),
  refuses('bad_input', listPackages, { key: 'No Key', limit: 1000 }),
  refuses('usage', listPackages, undefined, 'package list --since yesterday'),
  refuses('package_unreadable', listPackageSignatures, undefined, 'package signatures no-such-file'),

  does(storeDelegations, { delegations: [mail.cid] }, 'ucan import mail.ucan', {
    ...imported,
    more: { given: [mail] },
  }),
  does(storeDelegations, { delegations: [mail.cid] }, 'ucan import mail.ucan', {
    ...imported,
    more: { given: [mail] },
  }),
  refuses('bad_input', storeDelegations, { delegations: [mail.cid] }),
  refuses('bad_input', storeDelegations, undefined, 'ucan import theirs.seed'),
  does(listStoredDelegations, { command: '/mail', limit: 1000 }, 'ucan list --command /mail', page),
  refuses('bad_input', listStoredDelegations, { limit: 0 }),
  refuses('bad_input', listStoredDelegations, { audience: 'nobody' }, 'ucan list --audience nobody'),
  does(showDelegation, { cid: formatCid(mail.cid) }, `ucan show ${formatCid(mail.cid)}`),
  refuses('not_found', showDelegation, { cid: formatCid(unstored.cid) }, `ucan show ${formatCid(unstored.cid)}`),
  refuses('bad_input', showDelegation, { cid: 'none' }, 'ucan show none'),
  does(findStoredChain, {
    invoker: audience.did,
    subject: issuer.did,
    command: '/mail/send',
    args: { to: ['me'], n: 1 },
  }),
  refuses('not_authorized', findStoredChain, {
    invoker: audience.did,
    subject: issuer.did,
    command: '/',
    args: {},
  }),
  does(pruneDelegations, {}, 'ucan prune'),
  refuses('bad_input', pruneDelegations, { all: true }),
  refuses('not_authorized', revokeDelegation, { revoke: mail.cid }, 'ucan revoke mail.ucan --issuer audience.key', {
    more: { signer: audience },
  }),
  does(revokeDelegation, { revoke: mail.cid }, 'ucan revoke mail.ucan --issuer issuer.key', {
    more: { signer: issuer },
  }),
  // A verb signs the same again, and has the receipt that there is; others sign anew.
  does(revokeDelegation, undefined, 'ucan revoke mail.ucan --issuer issuer.key'),
  does(revokeDelegation, { revoke: mail.cid }, undefined, { more: { signer: issuer } }),
  does(listStoredDelegations, { command: '/mail', limit: 1000 }, 'ucan list --command /mail', page),
  does(
    listStoredDelegations,
    { command: '/mail', limit: 1000, revoked: true },
    'ucan list --command /mail --revoked',
    page,
  ),
  does(importLegacyTokens, { tokens: legacy, commands: mapping }, 'ucan import legacy.json --commands mapping.json'),
  refuses(
    'bad_input',
    importLegacyTokens,
    { tokens: legacy, commands: wrongMapping },
    'ucan import legacy.json --commands wrong-mapping.json',
  ),

  does(revokeKey, { name: 'release' }, 'key revoke release --org acme'),
  refuses('key_revoked', revokeKey, { name: 'release' }, 'key revoke release --org acme'),
  refuses(
    'bad_input',
    revokeKey,
    { name: 'release', reason: 'superseded' },
    'key revoke release --reason superseded --org acme',
  ),
  does(revokeKey, { name: 'release', reason: 'compromised' }, 'key revoke release --reason compromised --org acme'),
  does(
    revokeKey,
    { name: 'spare', reason: 'expired', effective_at: inPast },
    `key revoke spare --reason expired --effective ${inPast} --org acme`,
  ),
  does(rotateKey, { name: 'theirs', fingerprint: theirs }, `key rotate ${theirs} --org acme`),
  refuses('key_revoked', rotateKey, { name: 'theirs', fingerprint: theirs }, `key rotate ${theirs} --org acme`),
  does(exportKey, { name: 'theirs', fingerprint: theirs }, `key show ${theirs} --org acme`, {
    prints: ({ pem: _, ...document }: { readonly pem: string }) => document,
  }),
  refuses('key_revoked', revokeKey, { name: 'theirs', fingerprint: theirs }, `key revoke ${theirs} --org acme`),
  does(
    revokeKey,
    { name: 'theirs', fingerprint: theirs, reason: 'compromised' },
    `key revoke ${theirs} --reason compromised --org acme`,
  ),
  refuses('not_found', revokeKey, { name: 'release', fingerprint: theirs }),
  refuses('not_found', revokeKey, undefined, `key revoke ${hash} --org acme`),
  refuses(
    'key_revoked',
    signPackage,
    { ...package_, key: 'release' },
    'package sign plugin.wasm --key release --org acme',
  ),
  does(listKeys, {}, 'key list --org acme'),

  does(readLog, { from: 0, limit: 1 }, 'log show --from 0 --limit 1'),
  refuses('bad_input', readLog, { limit: 0 }),
  does(proveLog, { index: 0 }, 'log proof 0'),
  refuses('not_found', proveLog, { index: 999_999 }, 'log proof 999999'),
  refuses('not_found', proveLog, { receipt: formatCid(mail.cid) }, `log proof ${formatCid(mail.cid)}`),
  refuses('bad_input', proveLog, {}),
  does(showLogKey, {}, 'log key'),
  refuses('bad_input', showLogKey, { epoch: 2 }),
  does(showCheckpoint, {}),
  does(showCheckpoint, { since: 1 }),
  refuses('bad_input', showCheckpoint, { since: -1 }),
];

/** The files that the verbs name. */
export async function writeFiles(cli: Cli): Promise<void> {
  cli.write('theirs.seed', theirSeed);
  cli.write('weak.seed', new Uint8Array(32).fill(7));
  for (const name of ['plugin.wasm', 'copy.wasm']) cli.write(name, 'a package');
  cli.write('changed.wasm', 'another package');
  cli.write('empty.wasm', '');
  cli.write('vendor.pub', vendor);
  cli.write('no_name.pub', other);
  cli.write('weak.pub', weak);
  cli.write('policy.json', JSON.stringify(policy));
  cli.write('unknown.json', JSON.stringify(unknown));
  cli.write('unmeetable.json', JSON.stringify(unmeetable));
  cli.write('legacy.json', JSON.stringify(legacy));
  cli.write('mapping.json', JSON.stringify(mapping));
  cli.write('wrong-mapping.json', JSON.stringify(wrongMapping));
  writeKey(cli, 'issuer', issuer);
  writeKey(cli, 'audience', audience);
  await writeTokens(cli, 'mail.ucan', [mail]);
}
