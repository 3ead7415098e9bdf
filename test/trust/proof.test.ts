import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkLogKey } from '../../src/log/index.ts';
import { decodeSignature } from '../../src/signature/index.ts';
import {
  checkPackageProof,
  decodePackageProof,
  formatProofFile,
  maxProofFileLength,
  parseProofFile,
  TrustedLog,
} from '../../src/trust/index.ts';
import { expectCode, failureOf, isHanaperError } from '../support/codes.ts';
import { createSigner, signBy, signHashBy } from '../support/fixtures.ts';
import { createAuthority, readProof, TestLog } from '../support/trust.ts';
import { countUp, flipBit } from '../support/vectors.ts';

const hash = createHash('sha256').update('a package').digest('hex');
const alice = await createSigner('alice');
const authority = await createAuthority();
const log = await TestLog.create(authority);
for (let index = 0; index < 20; index++) {
  const name = `plugin-${index}.wasm`;
  await log.append(index === 7 ? await signHashBy(alice, hash) : await signBy(alice, hash, { name }), timeAt(index));
}

function timeAt(index: number): string {
  return new Date(Date.UTC(2026, 1, 1, 12, index)).toISOString();
}

function check(text: string, trusted = new TrustedLog(log.key)) {
  return checkPackageProof(readProof(Buffer.from(text)), trusted);
}

interface ProofJson {
  version: number;
  kind: string;
  signature: object;
  receipt: string;
  entry: string;
  index: number;
  inclusion: string[];
  checkpoint: string;
  log_key: { statement: string; signature: string };
}

async function changed(change: (proof: ProofJson) => unknown, index = 5, size = 20): Promise<string> {
  const proof = JSON.parse(await log.prove(index, size)) as ProofJson;
  change(proof);
  return JSON.stringify(proof);
}

const other = JSON.parse(await log.prove(6)) as ProofJson;

describe('a proof tells where the signature stands', () => {
  test.each([
    [0, 1],
    [0, 20],
    [5, 6],
    [5, 20],
    [7, 20],
    [19, 20],
  ])('that is in entry %i of %i', async (index, size) => {
    const place = await check(await log.prove(index, size));
    expect(place).toMatchObject({ index, enrolledAt: timeAt(index), checkpoint: { origin: log.key.origin, size } });
    const document = JSON.parse(await log.prove(index, size)).signature;
    expect(place.signature).toEqual(decodeSignature(document).signature);
  });

  test('to a verifier who knows only the DID of the authority', async () => {
    const proof = readProof(Buffer.from(await log.prove(5)));
    const trusted = new TrustedLog(await checkLogKey(proof.logKey, authority.did));
    expect((await checkPackageProof(proof, trusted)).index).toBe(5);
    const stranger = await createAuthority(countUp(32, 0x31));
    await expectCode('log_tampered', () => checkLogKey(proof.logKey, stranger.did));
  });

  test('whatever it says of the key of the log, which is known from elsewhere', async () => {
    const text = await changed(({ log_key }) => Object.assign(log_key, { statement: '', signature: '' }));
    expect((await check(text)).index).toBe(5);
  });
});

describe('a proof is refused', () => {
  const flip = (text: string) => Buffer.from(flipBit(Buffer.from(text, 'base64'), 301)).toString('base64');
  test.each<[string, (proof: ProofJson) => unknown]>([
    ['with the signature of another entry', (it) => Object.assign(it, { signature: other.signature })],
    ['with the receipt of another entry', (it) => Object.assign(it, { receipt: other.receipt })],
    ['with another entry', (it) => Object.assign(it, { entry: other.entry })],
    [
      'with signature and receipt of another entry',
      (it) => Object.assign(it, { signature: other.signature, receipt: other.receipt }),
    ],
    ['of another entry, with these hashes', (it) => Object.assign(it, { ...other, inclusion: it.inclusion, index: 5 })],
    ['about the index before', (it) => Object.assign(it, { index: 4 })],
    ['about the index behind', (it) => Object.assign(it, { index: 6 })],
    ['about an index outside of the log', (it) => Object.assign(it, { index: 20 })],
    ['with a hash less', (it) => it.inclusion.pop()],
    ['with a hash more', (it) => it.inclusion.push(it.inclusion[0] ?? '')],
    ['with its hashes in another order', (it) => it.inclusion.reverse()],
    ['with a receipt of which a bit is turned', (it) => Object.assign(it, { receipt: flip(it.receipt) })],
    ['with an entry of which a bit is turned', (it) => Object.assign(it, { entry: flip(it.entry) })],
    [
      'with a checkpoint of another size',
      (it) => Object.assign(it, { checkpoint: it.checkpoint.replace('\n20\n', '\n21\n') }),
    ],
    [
      'with a checkpoint without its signature',
      (it) => Object.assign(it, { checkpoint: it.checkpoint.split('\u2014')[0] }),
    ],
  ])('%s', async (_, change) => {
    const text = await changed(change);
    await expectCode('log_tampered', () => check(text));
  });

  test('of a log of another key', async () => {
    const elsewhere = await TestLog.create(authority, countUp(32, 0x11));
    await expectCode('log_tampered', async () => check(await log.prove(5), new TrustedLog(elsewhere.key)));
  });

  test('of the log of another authority', async () => {
    const elsewhere = await TestLog.create(await createAuthority(countUp(32, 0x31)));
    await expectCode('log_tampered', async () => check(await log.prove(5), new TrustedLog(elsewhere.key)));
  });

  test('whose receipt is that of somebody else', async () => {
    const stranger = await createAuthority(countUp(32, 0x31));
    const forged = await TestLog.create({ ...authority, did: stranger.did, sign: stranger.sign });
    await forged.append(await signBy(alice, hash));
    const proof = readProof(Buffer.from(await forged.prove(0)));
    const known = new TrustedLog({ ...forged.key, did: authority.did });
    expect((await checkPackageProof(proof, new TrustedLog(forged.key))).index).toBe(0);
    await expectCode('log_tampered', () => checkPackageProof(proof, known));
  });
});

describe('a proof file is not read', () => {
  test.each<[string, (proof: ProofJson) => unknown]>([
    ['of another version', (it) => Object.assign(it, { version: 2 })],
    ['of another kind', (it) => Object.assign(it, { kind: 'hanaper/other' })],
    ['with an unknown field', (it) => Object.assign(it, { extra: 1 })],
    ['without a field', (it) => Object.assign(it, { index: undefined })],
    ['with an invalid signature', (it) => Object.assign(it, { signature: { version: 1 } })],
    ['with a receipt that is not base64', (it) => Object.assign(it, { receipt: '*' })],
    ['with an index below nothing', (it) => Object.assign(it, { index: -1 })],
    ['with an index that is text', (it) => Object.assign(it, { index: '5' })],
    ['with an index beyond what is counted', (it) => Object.assign(it, { index: 2 ** 53 })],
    ['with more than 54 hashes', (it) => Object.assign(it, { inclusion: Array(55).fill(it.inclusion[0]) })],
    ['with a hash of 31 bytes', (it) => Object.assign(it, { inclusion: [Buffer.alloc(31).toString('base64')] })],
    ['with a checkpoint that is a number', (it) => Object.assign(it, { checkpoint: 20 })],
    ['with an invalid key of the log', (it) => Object.assign(it, { log_key: null })],
  ])('%s', async (_, change) => {
    const text = await changed(change);
    const { details } = await expectCode('log_tampered', () => readProof(Buffer.from(text)));
    expect(details).toMatchObject({ what: 'package_proof' });
  });

  test('that is too long, cut short or not UTF-8', async () => {
    const text = Buffer.from(await log.prove(5));
    for (const bytes of [
      Buffer.alloc(maxProofFileLength + 1, ' '),
      text.subarray(0, -5),
      Buffer.from([0xff]),
      Buffer.alloc(0),
    ]) {
      await expectCode('log_tampered', () => readProof(bytes));
    }
  });
});

describe('a file of proofs', () => {
  const split = (value: unknown) => parseProofFile(Buffer.from(JSON.stringify(value)));

  test('holds one, or up to sixteen, and each is read by itself', async () => {
    const proofs = await Promise.all([3, 5, 7].map((index) => log.proof(index)));
    const documents = parseProofFile(Buffer.from(formatProofFile(proofs)));
    expect(documents.map(decodePackageProof)).toEqual(proofs);
    expect(split(Array(16).fill({}))).toHaveLength(16);
    const [good, none] = split([documents[1], { version: 2 }]);
    expect(decodePackageProof(good).index).toBe(5);
    await expectCode('log_tampered', () => decodePackageProof(none));
  });

  test('of one is that proof, without a list around it', async () => {
    const [proof] = parseProofFile(Buffer.from(await log.prove(5)));
    expect(JSON.parse(await log.prove(5))).toEqual(proof);
  });

  test.each<[string, string]>([
    ['no proof', '[]'],
    ['seventeen', JSON.stringify(Array(17).fill({}))],
    ['a member twice', '[{"index":1,"index":2}]'],
  ])('is not read with %s', async (_, text) => {
    await expectCode('log_tampered', () => parseProofFile(Buffer.from(text)));
  });
});

test('whatever bit of a proof is turned, it proves the same or nothing', async () => {
  const bytes = Buffer.from(await log.prove(5));
  const trusted = new TrustedLog(log.key);
  const expected = await checkPackageProof(readProof(bytes), trusted);
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
      const error = await failureOf(async () => {
        expect(await checkPackageProof(readProof(flipBit(bytes, bit)), trusted)).toEqual(expected);
      });
      if (error !== undefined && !isHanaperError(error)) throw error;
    }),
    { numRuns: 600 },
  );
});

describe('a log that is trusted', () => {
  test('verifies a note once', async () => {
    const trusted = new TrustedLog(log.key);
    const note = await log.checkpoint();
    expect(await trusted.open(note)).toBe(await trusted.open(note));
  });

  test('takes notes of any number, and forgets the oldest', async () => {
    const trusted = new TrustedLog(log.key);
    for (let size = 0; size < 20; size++) await trusted.open(await log.checkpoint(size));
    for (let index = 0; index < 70; index++)
      trusted.know(`note ${index}`, { origin: '', size: index, root: countUp(32) });
    await expectCode('log_tampered', () => trusted.open('note 1'));
    expect(await trusted.open('note 69')).toMatchObject({ size: 69 });
  });

  test('has one checkpoint of a size', async () => {
    const fork = await TestLog.create(authority);
    for (let index = 0; index < 20; index++) await fork.append(await signBy(alice, hash), timeAt(index));
    const trusted = new TrustedLog(log.key);
    await trusted.open(await log.checkpoint());
    const { details } = await expectCode('log_rolled_back', () => fork.checkpoint().then((note) => trusted.open(note)));
    expect(details).toMatchObject({ reason: 'forked', seen: 20, now: 20 });
  });
});
