import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appendSignature, readCandidates, signaturePathOf } from '../../src/package/index.ts';
import { decodeSignature, type SignatureDocument } from '../../src/signature/index.ts';
import { expectCode } from '../support/codes.ts';
import {
  createSigner,
  makePipe,
  runApart,
  signBy,
  signHashBy,
  temporaryFile,
  temporaryFolder,
} from '../support/fixtures.ts';

const hash = 'ab'.repeat(32);
const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const newFile = () => join(temporaryFolder(), 'plugin.wasm.sig');
function appendAll(path: string, documents: readonly SignatureDocument[]): void {
  for (const document of documents) appendSignature(path, document);
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

test.each([
  ['plugin.wasm', 'plugin.wasm.sig'],
  ['plugin', 'plugin.sig'],
  ['.hidden', '.hidden.sig'],
  ['plugin.', 'plugin..sig'],
  ['plugin.tar.gz', 'plugin.tar.gz.sig'],
  ['folder.d/plugin', 'folder.d/plugin.sig'],
  ['plugin.sig', 'plugin.sig.sig'],
])('the signatures of %s are in %s', (path, expected) => {
  expect(signaturePathOf(path)).toBe(expected);
});

describe('appending a signature', () => {
  test('to no file writes one document', async () => {
    const path = newFile();
    const document = await signBy(alice, hash);
    appendSignature(path, document);
    expect(read(path)).toEqual(document);
  });

  test('keeps those of other signers, in order', async () => {
    const path = newFile();
    const [one, two] = [await signBy(alice, hash), await signBy(bob, hash)];
    appendSignature(path, one);
    appendSignature(path, two);
    expect(read(path)).toEqual([one, two]);
  });

  test('replaces the same signer’s of the same format, and no other', async () => {
    const path = newFile();
    const [first, other, hashed] = [await signBy(alice, hash), await signBy(bob, hash), await signHashBy(alice, hash)];
    appendAll(path, [first, other, hashed]);
    const again = await signBy(alice, hash, { expiresAt: '2027-01-01T00:00:00Z' });
    appendSignature(path, again);
    expect(read(path)).toEqual([other, hashed, again]);
  });

  test('goes by the signer that the statement names, not by the keyid', async () => {
    const path = newFile();
    const other = await signBy(bob, hash);
    const [{ sig }] = other.signatures;
    writeFileSync(path, JSON.stringify({ ...other, signatures: [{ sig, keyid: alice.fingerprint }] }));
    appendSignature(path, await signBy(alice, hash));
    expect(read(path)).toHaveLength(2);
  });

  test.each([
    ['text', 'not JSON'],
    ['nothing', ''],
    ['an empty array', '[]'],
    ['a document of another kind', '{"a":1}'],
    ['a malformed one among good ones', null],
  ])('to a file of %s is refused, and leaves it as it was', async (_, text) => {
    const content = text ?? JSON.stringify([await signBy(bob, hash), { version: 3 }]);
    const path = temporaryFile('plugin.sig', content);
    await expectCode('malformed_signature', async () => appendSignature(path, await signBy(alice, hash)));
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(readdirSync(dirname(path))).toEqual(['plugin.sig']);
  });

  test('to sixteen is too large, but one’s own is still replaced', async () => {
    const signers = await Promise.all(Array.from({ length: 17 }, (_, i) => createSigner(`signer ${i}`)));
    const documents = await Promise.all(signers.map((signer) => signBy(signer, hash)));
    const path = newFile();
    appendAll(path, documents.slice(0, 16));
    const before = readFileSync(path);
    await expectCode('too_large', () => appendAll(path, documents.slice(16)));
    expect(readFileSync(path)).toEqual(before);
    appendAll(path, documents.slice(0, 1));
    expect(readCandidates(path)).toHaveLength(16);
  });

  test('never makes a file that is too large to be read again', async () => {
    const path = newFile();
    const signers = await Promise.all(Array.from({ length: 13 }, (_, i) => createSigner(`signer ${i}`)));
    const documents = await Promise.all(
      signers.map(async (signer) => {
        const document = await signBy(signer, hash);
        const statement = Buffer.from(document.payload, 'base64').toString();
        return { ...document, payload: Buffer.from(statement.padEnd(64 * 1024)).toString('base64') };
      }),
    );
    await expectCode('too_large', () => appendAll(path, documents));
    expect(readCandidates(path).every((candidate) => 'signature' in candidate)).toBe(true);
  });

  test('leaves nothing else behind, and a file that others can read', async () => {
    const path = newFile();
    appendSignature(path, await signBy(alice, hash));
    appendSignature(path, await signBy(bob, hash));
    expect(readdirSync(dirname(path))).toEqual(['plugin.wasm.sig']);
    expect(statSync(path).mode & 0o444).toBe(0o444);
  });

  test('to a place that cannot be written is bad input, and leaves nothing behind', async () => {
    const folder = temporaryFolder();
    const document = await signBy(alice, hash);
    await expectCode('bad_input', () => appendSignature(join(folder, 'missing', 'plugin.sig'), document));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('to a folder is refused, and leaves nothing behind', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'plugin.sig'));
    const document = await signBy(alice, hash);
    await expectCode('malformed_signature', () => appendSignature(join(folder, 'plugin.sig'), document));
    expect(readdirSync(folder)).toEqual(['plugin.sig']);
  });
});

describe('reading a signature file', () => {
  test('that is missing gives no candidate', () => {
    expect(readCandidates(newFile())).toEqual([]);
  });

  test('gives each of its signatures', async () => {
    const documents = [await signBy(alice, hash), await signHashBy(bob, hash)];
    const path = temporaryFile('plugin.sig', JSON.stringify(documents));
    expect(readCandidates(path)).toEqual(
      documents.map((document) => ({ origin: 'detached', signature: decodeSignature(document) })),
    );
  });

  test('gives the good ones beside a malformed one', async () => {
    const path = temporaryFile('plugin.sig', JSON.stringify([{}, await signBy(alice, hash), null]));
    const kinds = readCandidates(path).map((candidate) =>
      'malformed' in candidate ? candidate.malformed.code : 'good',
    );
    expect(kinds).toEqual(['malformed_signature', 'good', 'malformed_signature']);
  });

  test.each([
    ['that is not JSON', 'not JSON'],
    ['of more than a mebibyte', `{}${' '.repeat(1024 * 1024)}`],
    ['of seventeen documents', JSON.stringify(Array(17).fill({}))],
  ])('%s gives one candidate, which failed', (_, content) => {
    const candidates = readCandidates(temporaryFile('plugin.sig', content));
    expect(candidates).toMatchObject([{ malformed: { code: 'malformed_signature' } }]);
  });

  test('that is a folder, or a link to itself, gives one candidate, which failed', () => {
    const folder = temporaryFolder();
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    for (const path of [folder, loop]) {
      expect(readCandidates(path)).toMatchObject([{ malformed: { code: 'malformed_signature' } }]);
    }
  });

  test('that is a pipe nobody writes to does not hang, and gives one candidate, which failed', () => {
    const path = newFile();
    makePipe(path);
    const script = `
      import { readCandidates } from 'src/package/index.ts';
      console.log(readCandidates(process.argv[1]).map((each) => each.malformed.code).join());`;
    expect(runApart(script, path)).toBe('malformed_signature');
  });
});
