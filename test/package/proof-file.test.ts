import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { appendProofs, readProofs, readProofsBeside, reserveProofs } from '../../src/package/proof-file.ts';
import { decodePackageProof, type PackageProof, parseProofFile, TrustedLog } from '../../src/trust/index.ts';
import { expectCode } from '../support/codes.ts';
import { createSigner, signBy, signHashBy, temporaryFile, temporaryFolder } from '../support/fixtures.ts';
import { createAuthority, TestLog } from '../support/trust.ts';

const hash = 'ab'.repeat(32);
const signers = await Promise.all(Array.from({ length: 17 }, (_, index) => createSigner(`signer ${index}`)));
const [alice = await createSigner('alice')] = signers;
const newFile = () => join(temporaryFolder(), 'plugin.wasm.proof.json');
const read = (path: string) => parseProofFile(readFileSync(path)).map((each) => decodePackageProof(each).index);

let log: TestLog;
let proofs: readonly PackageProof[];
let hashProof: PackageProof;
let secondProof: PackageProof;

beforeAll(async () => {
  log = await TestLog.create(await createAuthority());
  for (const signer of signers) await log.append(await signBy(signer, hash));
  const byHash = await log.append(await signHashBy(alice, hash));
  const second = await log.append(await signBy(alice, hash, { expiresAt: '2027-01-01T00:00:00Z' }));
  proofs = await Promise.all(signers.map((_, index) => log.proof(index)));
  hashProof = await log.proof(byHash);
  secondProof = await log.proof(second);
});

describe('adding proofs', () => {
  test('to no file writes one, which others can read', async () => {
    const path = newFile();
    appendProofs(path, proofs.slice(3, 4));
    expect(readFileSync(path, 'utf8')).toBe(await log.prove(3));
    expect(statSync(path).mode & 0o444).toBe(0o444);
  });

  test('keeps those of other signers, in order', () => {
    const path = newFile();
    appendProofs(path, proofs.slice(1, 2));
    appendProofs(path, proofs.slice(5, 8));
    expect(read(path)).toEqual([1, 5, 6, 7]);
    expect(readdirSync(dirname(path))).toEqual(['plugin.wasm.proof.json']);
  });

  test('replaces that of the same signature, and of the same signer’s earlier one of the same format', () => {
    const path = newFile();
    appendProofs(path, [...proofs.slice(0, 2), hashProof]);
    appendProofs(path, proofs.slice(0, 1));
    expect(read(path)).toEqual([1, hashProof.index, 0]);
    appendProofs(path, [secondProof]);
    expect(read(path)).toEqual([1, hashProof.index, secondProof.index]);
  });

  test('beyond sixteen is too large, and leaves the file as it was', async () => {
    const path = newFile();
    appendProofs(path, proofs.slice(0, 16));
    const before = readFileSync(path);
    await expectCode('too_large', () => appendProofs(path, proofs.slice(16)));
    expect(readFileSync(path)).toEqual(before);
    appendProofs(path, [secondProof]);
    expect(read(path)).toHaveLength(16);
  });

  test.each([
    ['text', 'not JSON'],
    ['nothing', ''],
    ['an empty list', '[]'],
    ['a document of another kind', '{"a":1}'],
    ['a broken one among good ones', null],
  ])('to a file of %s is refused, and leaves it as it was', async (_, text) => {
    const content = text ?? `[${await log.prove(3)},{"version":2}]`;
    const path = temporaryFile('plugin.proof.json', content);
    const { details } = await expectCode('log_tampered', () => appendProofs(path, proofs.slice(0, 1)));
    expect(details).toMatchObject({ path });
    await expectCode('log_tampered', () => reserveProofs(path));
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  test('to a folder, or in a folder that is not there, is bad input', async () => {
    const path = newFile();
    mkdirSync(path);
    for (const wrong of [path, join(path, 'missing', 'plugin.proof.json')]) {
      await expectCode('bad_input', () => reserveProofs(wrong));
      await expectCode('bad_input', () => appendProofs(wrong, proofs.slice(0, 1)));
    }
  });
});

describe('reading proofs', () => {
  const trusted = () => new TrustedLog(log.key);

  test('gives every signature, and the place of each that is proven', async () => {
    const [one, other] = [newFile(), newFile()];
    appendProofs(one, proofs.slice(1, 3));
    appendProofs(other, [hashProof]);
    const { candidates, places, problem } = await readProofs([one, other], trusted());
    expect(candidates).toHaveLength(3);
    expect(places.map(({ index }) => index)).toEqual([1, 2, hashProof.index]);
    expect(problem).toBeUndefined();
  });

  test('passes over what proves nothing, and says why of the first', async () => {
    const path = newFile();
    const [good, moved] = [await log.prove(1), JSON.stringify({ ...JSON.parse(await log.prove(2)), index: 3 })];
    writeFileSync(path, `[{"version":2},${moved},${good}]`);
    const { candidates, places, problem } = await readProofs([path, temporaryFile('none.json', '{')], trusted());
    expect(candidates).toMatchObject([{ signature: proofs[2]?.signature }, { signature: proofs[1]?.signature }]);
    expect(places).toMatchObject([{ index: 1 }]);
    expect(problem).toMatchObject({ code: 'log_tampered', details: { what: 'package_proof' } });
  });

  test('that were named and are not there is not found, and of what is no file bad input', async () => {
    const path = newFile();
    const { details } = await expectCode('not_found', () => readProofs([path], trusted()));
    expect(details).toEqual({ kind: 'package proof', path, remedy: 'prove_package' });
    await expectCode('not_found', () => readProofs([path], undefined));
    await expectCode('bad_input', () => readProofs([dirname(path)], trusted()));
  });

  test('beside a package never fails: what cannot be read is told', async () => {
    const { problem, ...rest } = await readProofsBeside(temporaryFolder(), trusted());
    expect(rest).toEqual({ candidates: [], places: [] });
    expect(problem?.code).toBe('bad_input');
  });

  test('proves nothing without a log', async () => {
    const path = newFile();
    appendProofs(path, proofs.slice(0, 1));
    expect(await readProofs([path], undefined)).toEqual({ candidates: [], places: [] });
  });
});
