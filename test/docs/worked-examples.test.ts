import { encode } from 'cborg';
import { expect, test } from 'vitest';
import { seal } from '../../src/crypto/aead.ts';
import { argon2id } from '../../src/crypto/argon2.ts';
import { sha256 } from '../../src/crypto/digest.ts';
import { importPublicKey, publicKeyOf, verify } from '../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import { decodePrivateKey, decodePublicKey, encodePublicKeyPem } from '../../src/crypto/key-format.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { encodeEd25519DidKey } from '../../src/did/did-key.ts';
import { preAuthenticationEncoding } from '../../src/signature/dsse.ts';
import { decodeSignature, signHash, signStatement } from '../../src/signature/index.ts';
import { encodeStatement } from '../../src/signature/statement.ts';
import { encodeAuthorityStatement } from '../../src/vault/authority-statement.ts';
import { securityLevels } from '../../src/vault/costs.ts';
import { deriveKey } from '../../src/vault/root-secret.ts';
import { encodeSlot } from '../../src/vault/slot.ts';
import { Vault } from '../../src/vault/vault.ts';
import { countUp, fromHex, toHex } from '../support/vectors.ts';
import { readSection, readTexts } from './pages.ts';

const signatures = 'docs/formats/package-signature.md';
const sealedKeys = 'docs/formats/sealed-keys.md';
const time = '2026-01-31T12:00:00.000Z';

function blocksIn(page: string): readonly string[] {
  const section = readSection(page, '## Worked example');
  return [...section.matchAll(/^```\w+\n([\s\S]*?)\n```$/gm)].map(([, text = '']) => text);
}

async function createExample() {
  const seed = Secret.copyOf(countUp(32));
  const publicKey = await publicKeyOf(seed);
  const keyFingerprint = fingerprintOf(publicKey);
  const organisation = encodeEd25519DidKey(await publicKeyOf(Secret.copyOf(countUp(32, 0x20))));
  return { seed, publicKey, keyFingerprint, organisation };
}

test('the worked example of a package signature is what the sources make', async () => {
  const [content, hash, publicKey, fingerprint, did, statement = '', dsse = '', v1 = ''] = blocksIn(signatures);
  const example = await createExample();
  const packageHash = toHex(sha256(new TextEncoder().encode(`${content}\n`)));
  const stated = {
    name: 'package.bin',
    packageHash,
    organisation: example.organisation,
    keyFingerprint: example.keyFingerprint,
    signedAt: time,
    expiresAt: '2026-05-01T12:00:00.000Z',
  };
  expect([hash, publicKey, fingerprint, did]).toEqual([
    packageHash,
    toHex(example.publicKey),
    example.keyFingerprint,
    example.organisation,
  ]);
  const payload = encodeStatement(stated);
  expect(new TextDecoder().decode(payload)).toBe(statement);
  expect(new TextDecoder().decode(preAuthenticationEncoding(payload))).toBe(
    `DSSEv1 28 application/vnd.in-toto+json 470 ${statement}`,
  );
  expect(JSON.parse(dsse)).toEqual(await signStatement(example.seed, stated));
  expect(JSON.parse(v1)).toEqual(await signHash(example.seed, packageHash, example.keyFingerprint, time));
});

test('the worked example of a package signature verifies', async () => {
  const { publicKey } = await createExample();
  for (const document of blocksIn(signatures).slice(-2)) {
    const { message, signature } = decodeSignature(JSON.parse(document));
    expect(await verify(publicKey, message, signature)).toBe(true);
  }
});

test('the key files that are shown are those of the example', async () => {
  const { seed, publicKey, keyFingerprint } = await createExample();
  const [publicPem = '', fingerprint, privatePem = ''] = readTexts('docs/formats/key-files.md', 'text');
  expect(`${publicPem}\n`).toBe(encodePublicKeyPem(publicKey));
  expect(decodePublicKey(new TextEncoder().encode(publicPem))).toEqual(publicKey);
  expect(fingerprint).toBe(keyFingerprint);
  using read = await decodePrivateKey(Secret.adopt(new TextEncoder().encode(privatePem)));
  expect(read.bytes).toEqual(seed.bytes);
});

test('the worked example of sealed keys and slots is what the sources make', async () => {
  const [derived, did, aad, sealed = '', wrapped, slotBytes, slotSignature, authority, authoritySignature] = blocksIn(
    sealedKeys,
  ).map((text, index) => (index === 0 ? text : text.replaceAll('\n', '')));
  const root = Secret.copyOf(countUp(32, 0x40));
  const purposes = ['identity', 'key-encryption', 'record-encryption', 'log'] as const;
  const keys = await Promise.all(purposes.map((purpose) => deriveKey(root, purpose)));
  expect(derived).toBe(keys.map(({ bytes }) => toHex(bytes)).join('\n'));

  using vault = await Vault.unlock(Secret.copyOf(root.bytes));
  expect(did).toBe(vault.did);

  const { seed, keyFingerprint } = await createExample();
  const [rowId, organisationId, slotId] = [7, 8, 9].map((last) => `01890a5d-ac96-774b-bcce-b302099a805${last}`);
  if (rowId === undefined || organisationId === undefined || slotId === undefined) throw new Error('no ids');
  const context = encode(['hanaper/v1/sealed-key', 'signing-key', rowId, organisationId, keyFingerprint]);
  expect(aad).toBe(toHex(context));
  expect(sealed).toBe(
    toHex(await seal(await deriveKey(root, 'key-encryption'), seed.bytes, context, countUp(12, 0xf0))),
  );
  const place = { kind: 'signing-key', rowId, organisationId, fingerprint: keyFingerprint } as const;
  using opened = await vault.openKey(fromHex(sealed), place);
  expect(opened.bytes).toEqual(seed.bytes);

  const costs = securityLevels.balanced;
  const salt = countUp(16, 0xa0);
  using wrapping = await argon2id(Secret.adopt(new TextEncoder().encode('correct horse battery staple')), salt, costs);
  const wrapContext = encode(['hanaper/v1/root-secret', slotId, 'passphrase', [65536, 3, 4]]);
  const wrappedRootSecret = await seal(wrapping, root.bytes, wrapContext, countUp(12, 0xe0));
  expect(wrapped).toBe(toHex(wrappedRootSecret));
  const slot = { id: slotId, kind: 'passphrase', costs, salt, wrappedRootSecret, createdAt: time } as const;
  expect(slotBytes).toBe(toHex(encodeSlot(slot, vault.did)));
  expect(slotSignature).toBe(toHex(await vault.sign(encodeSlot(slot, vault.did))));

  const statement = encodeAuthorityStatement({
    version: 2,
    masterPublicKey: vault.publicKey,
    algorithm: 'ed25519',
    derivationMethod: 'passphrase',
    createdAt: time,
  });
  expect(authority).toBe(toHex(statement));
  expect(await verify(importPublicKey(vault.publicKey), statement, fromHex(authoritySignature ?? ''))).toBe(true);
});

test('the slot of the worked example opens with its passphrase', async () => {
  const blocks = blocksIn(sealedKeys).map((text) => text.replaceAll('\n', ''));
  const { checkSlot, unlockVault } = {
    ...(await import('../../src/vault/slot.ts')),
    ...(await import('../../src/vault/unlock.ts')),
  };
  using vault = await Vault.unlock(Secret.copyOf(countUp(32, 0x40)));
  const slot = {
    id: '01890a5d-ac96-774b-bcce-b302099a8059',
    kind: 'passphrase',
    costs: securityLevels.balanced,
    salt: countUp(16, 0xa0),
    wrappedRootSecret: fromHex(blocks[4] ?? ''),
    createdAt: time,
    signature: fromHex(blocks[6] ?? ''),
  } as const;
  await checkSlot(slot, vault.did, vault.publicKey);
  const passphrase = Secret.adopt(new TextEncoder().encode('correct horse battery staple'));
  const unlocked = await unlockVault(vault, [slot], { kind: 'passphrase', passphrase });
  expect(unlocked.vault.did).toBe(blocks[1]);
});
