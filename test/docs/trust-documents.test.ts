import { expect, test } from 'vitest';
import { publicKeyOf } from '../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../src/crypto/fingerprint.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeSignature } from '../../src/signature/index.ts';
import {
  checkPackageProof,
  createBundleSource,
  encodeTrustState,
  formatPolicy,
  openBundle,
  parsePolicyText,
  signSnapshot,
  type TrustState,
  verifyByTrust,
} from '../../src/trust/index.ts';
import { now } from '../support/fixtures.ts';
import { createAuthority, exportBundle, readProof, TestLog } from '../support/trust.ts';
import { countUp, toHex } from '../support/vectors.ts';
import { readSection, readTexts } from './pages.ts';

const [bundlePage, policyPage, proofPage] = ['trust-bundle', 'verification-policy', 'package-proof'].map(
  (name) => `docs/formats/${name}.md`,
) as [string, string, string];
const createdAt = '2026-01-31T12:00:00.000Z';

// The signature of the worked example of package-signature.md, enrolled as the log's only entry.
const [, document = ''] = readTexts('docs/formats/package-signature.md', 'json');
const authority = await createAuthority();
const log = await TestLog.create(authority);
await log.append(JSON.parse(document), createdAt);

function readExample(page: string): readonly string[] {
  const blocks = readSection(page, '## Worked example').matchAll(/^```(?:text|json)\n([\s\S]*?)\n```$/gm);
  return Array.from(blocks, ([, text = '']) => text);
}

async function exampleState(): Promise<TrustState> {
  using seed = Secret.copyOf(countUp(32));
  const publicKey = await publicKeyOf(seed);
  const did = 'did:key:z6MkhFwXNFWosLeugvSf4wcL9t3uuRXueGSFTRgSvHhWj5G2';
  const revocation = {
    revokedAt: '2026-02-20T12:00:00.000Z',
    reason: 'superseded',
    effectiveAt: '2026-02-20T12:00:00.000Z',
    effectiveIndex: 1,
  } as const;
  const key = {
    fingerprint: fingerprintOf(publicKey),
    publicKey,
    name: 'release',
    owners: [did],
    trustedAt: createdAt,
  };
  const organisation = { did, name: 'acme' };
  return { organisation, version: 2, keys: [{ ...key, revocation }], policy: null };
}

test('the worked example of a trust bundle is what the sources make, and opens', async () => {
  const state = await exampleState();
  const bytes = await exportBundle(log, state);
  const [form, hex, snapshot, bundle] = readExample(bundlePage);
  const signed = await signSnapshot(authority, { createdAt: now.toISOString(), state });
  expect([form, hex, snapshot, bundle]).toEqual([
    encodeTrustState(state),
    inLines(toHex(signed.signature)),
    Buffer.from(signed.payload).toString(),
    Buffer.from(bytes).toString().trimEnd(),
  ]);
  const opened = await openBundle(Buffer.from(bundle ?? ''), { authority: authority.did, now });
  expect(opened.state).toEqual(state);
});

test('the worked example of a proof is what the sources make, and proves', async () => {
  const [text = ''] = readExample(proofPage);
  expect(`${text}\n`).toBe(await log.prove(0));
  const proof = readProof(Buffer.from(text));
  const bundle = await openBundle(await exportBundle(log, await exampleState()), { authority: authority.did, now });
  const material = await createBundleSource(bundle, () => now).trustFor({ packageHash: '' });
  const trustedLog = await material.openLog?.();
  if (trustedLog === undefined) throw new Error('the bundle knows no log');
  const place = await checkPackageProof(proof, trustedLog);
  expect(place).toMatchObject({ index: 0, enrolledAt: createdAt });
  const signature = decodeSignature(JSON.parse(document));
  const { first } = await verifyByTrust({
    identity: { hash: signature.packageHash, name: 'package.bin' },
    candidates: [{ origin: 'detached', signature }],
    material,
    now,
    places: [place],
  });
  expect(first).toMatchObject({ key: { name: 'release' }, place: { index: 0 } });
});

test('the worked example of a policy is one, and has the form that is said', () => {
  const [text = '', form] = readExample(policyPage);
  expect(formatPolicy(parsePolicyText(Buffer.from(text)))).toBe(form);
});

function inLines(hex: string): string {
  return (hex.match(/.{1,64}/g) ?? []).join('\n');
}
