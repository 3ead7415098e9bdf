import { expect, test } from 'vitest';
import { encodeBinding } from '../../src/authority/log/entry-binding.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { PrivateKey } from '../../src/did/private-key.ts';
import { bindEffect, digestEffect } from '../../src/log/effect.ts';
import { encodeLogEntry } from '../../src/log/entry.ts';
import { treeHash } from '../../src/log/merkle.ts';
import { type Effect, effectOf, loggedTables } from '../../src/store/engine/effects.ts';
import { formatCid, parseCid } from '../../src/ucan/encoding/cid.ts';
import { encodeDagCbor } from '../../src/ucan/encoding/dag-cbor.ts';
import { signReceipt } from '../../src/ucan/token/receipt.ts';
import { signerOf } from '../../src/ucan/token/signer.ts';
import { countUp, toHex } from '../support/vectors.ts';
import { readSection, readTable } from './pages.ts';

const page = 'docs/formats/log-entries.md';
const time = '2026-01-31T12:00:00.000Z';
// That of the worked example of tokens.md.
const invocation = parseCid('zdpuAzNJziSxC93ehHuNoYrXga1rUr6RubgmMwVYvq8aKs5Tr');
const ids = [7, 8, 9].map((last) => `01890a5d-ac96-774b-bcce-b302099a805${last}`);

const granted = effectOf('keyTrustAcls', {
  id: ids[0] ?? '',
  parentOrgId: ids[1] ?? '',
  childOrgId: ids[2] ?? '',
  grantedAt: time,
  revokedAt: null,
});
const removed: Effect = { table: 'key_slots', key: ids[2] ?? '', row: null };

function readExample(): readonly string[] {
  const blocks = readSection(page, '## Worked example').matchAll(/^```text\n([\s\S]*?)\n```$/gm);
  return Array.from(blocks, ([, text = '']) => text.replaceAll('\n', ''));
}

test('the worked example of an entry is what the sources make', async () => {
  using key = new PrivateKey('ed25519', Secret.copyOf(countUp(32, 0x80)));
  const signer = await signerOf(key);
  const effects = [granted, removed];
  const digests = effects.map((effect, index) => digestEffect(countUp(16, 0xd0 + 16 * index), effect));
  const bound = effects.map((effect, index) => bindEffect(digests[index] ?? new Uint8Array(0), effect));
  const effectsRoot = treeHash(bound);
  const meta = encodeBinding({ index: 7, before: countUp(32, 0x20), enrolledAt: time, effectsRoot });
  const receipt = await signReceipt(signer, { ran: invocation, out: { ok: {} }, issuedAt: 1769860800, meta });
  const entry = {
    version: 2 as const,
    invocation,
    receipt: receipt.cid,
    enrolledAt: time,
    effectCount: digests.length,
    effectsRoot,
  };
  expect(readExample()).toEqual([
    JSON.stringify(granted.row),
    ...digests.map(toHex),
    ...bound.map(toHex),
    toHex(effectsRoot),
    signer.did,
    toHex(encodeDagCbor(meta)),
    formatCid(receipt.cid),
    toHex(encodeLogEntry(entry)),
  ]);
});

test('an entry stays far below what an entry of a log in tiles may have', () => {
  const entry = encodeLogEntry({
    version: 2,
    invocation,
    receipt: invocation,
    enrolledAt: time,
    effectCount: Number.MAX_SAFE_INTEGER,
    effectsRoot: treeHash([]),
  });
  expect(entry.length).toBeLessThan(250);
});

test('the page lists every table whose rows are hashed', () => {
  const inSql = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const listed = readTable(page, '### The tables').map(([table]) => table);
  expect(listed).toEqual(loggedTables.map(inSql));
});
