import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { publicKeyOf, sign } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { encodeEd25519DidKey } from '../../src/did/did-key.ts';
import {
  checkLogKey,
  createTileReader,
  emptyTree,
  encodeEntryBundle,
  formatTilePath,
  formatVerifierKey,
  growTiles,
  hashLeaf,
  openCheckpoint,
  proveConsistency,
  proveInclusion,
  rootOfEdge,
  signCheckpoint,
  signLogKey,
} from '../../src/log/index.ts';
import { countUp, toHex } from '../support/vectors.ts';
import { readSection } from './pages.ts';

const page = 'docs/formats/log.md';

function readExample(): readonly string[] {
  const blocks = readSection(page, '## Worked example').matchAll(/^```text\n([\s\S]*?)\n```$/gm);
  return Array.from(blocks, ([, text = '']) => text);
}

function inLines(hex: string): string {
  return (hex.match(/.{1,64}/g) ?? []).join('\n');
}

async function createKey() {
  using identity = Secret.copyOf(countUp(32, 0x80));
  using log = Secret.copyOf(countUp(32, 0xa0));
  const did = encodeEd25519DidKey(await publicKeyOf(identity));
  const claims = { epoch: 1, publicKey: await publicKeyOf(log), createdAt: '2026-01-31T12:00:00.000Z' };
  const signed = await signLogKey({ did, sign: (message) => sign(identity, message) }, claims);
  return { signed, ...(await checkLogKey(signed, did)) };
}

test('the worked example of a log is what the sources make', async () => {
  const { signed, origin, publicKey } = await createKey();
  const entries = ['entry 0', 'entry 1', 'entry 2'].map(encodeUtf8);
  const { edge } = growTiles(emptyTree, entries.map(hashLeaf));
  const hashes = edge.partialTiles[0]?.hashes ?? new Uint8Array(0);
  const reader = createTileReader(async () => hashes, 3);
  using key = Secret.copyOf(countUp(32, 0xa0));
  const note = await signCheckpoint({ origin, size: 3, root: rootOfEdge(edge) }, key);
  expect(await openCheckpoint(note, { name: origin, publicKey })).toEqual({ origin, size: 3, root: rootOfEdge(edge) });
  expect(readExample()).toEqual([
    origin,
    inLines(toHex(signed.statement)),
    inLines(toHex(signed.signature)),
    formatVerifierKey({ name: origin, publicKey }),
    inLines(toHex(hashes)),
    inLines(toHex(encodeEntryBundle(entries))),
    Buffer.from(note).toString().trimEnd(),
    (await proveInclusion(reader, 1, 3)).map(toHex).join('\n'),
    (await proveConsistency(reader, 1, 3)).map(toHex).join('\n'),
  ]);
  expect(formatTilePath({ level: 0, index: 0, width: 3 })).toBe('tile/0/000.p/3');
  expect(formatTilePath({ level: 'entries', index: 0, width: 3 })).toBe('tile/entries/000.p/3');
});
