import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { type ErrorCode, HanaperError } from '../../src/errors.ts';
import { type DsseEnvelope, decodeSignature } from '../../src/signature/index.ts';
import { verifySignatures } from '../../src/signature/verify.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { createSigner, now, signBy, signHashBy, trustIn } from '../support/fixtures.ts';
import { flipBit } from '../support/vectors.ts';

const content = encodeUtf8('the bytes of a package');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hash = sha256(content);
const [alice, bob] = [await createSigner('alice'), await createSigner('bob')];
const envelope = await signBy(alice, hash, { expiresAt: '2027-01-01T00:00:00Z' });
const hashSignature = await signHashBy(alice, hash);

function verify(document: unknown, packageHash = hash) {
  const signature = decodeSignature(document);
  const identity = { hash: packageHash, name: 'plugin.wasm' };
  return verifySignatures(identity, [{ origin: 'detached', signature }], trustIn(alice, bob), now);
}

interface StatementJson {
  _type: string;
  subject: [{ name: string; digest: { sha256: string } }];
  predicateType: string;
  predicate: { organization: string; key_fingerprint: string; signed_at: string; expires_at?: string };
}

function withPayload(payload: string): DsseEnvelope {
  return { ...envelope, payload: Buffer.from(payload).toString('base64') };
}

describe('a signed statement that was changed afterwards is refused:', () => {
  const payload = Buffer.from(envelope.payload, 'base64').toString();
  const otherHash = sha256(Uint8Array.of(1));
  test.each<[string, ErrorCode, (it: StatementJson) => unknown]>([
    ['its type', 'malformed_signature', (it) => Object.assign(it, { _type: 'x' })],
    ['its predicate type', 'malformed_signature', (it) => Object.assign(it, { predicateType: 'x' })],
    ['its subject, doubled', 'invalid_signature', (it) => it.subject.push(it.subject[0])],
    ['its hash', 'package_tampered', (it) => Object.assign(it.subject[0].digest, { sha256: otherHash })],
    ['its name', 'invalid_signature', (it) => Object.assign(it.subject[0], { name: 'evil.wasm' })],
    ['its organisation', 'invalid_signature', (it) => Object.assign(it.predicate, { organization: bob.organisation })],
    [
      'its signer, to one who is not trusted',
      'untrusted_signer',
      (it) => Object.assign(it.predicate, { key_fingerprint: 'ab'.repeat(32) }),
    ],
    [
      'its signer, to another who is trusted',
      'invalid_signature',
      (it) => Object.assign(it.predicate, { key_fingerprint: bob.fingerprint }),
    ],
    ['its time', 'invalid_signature', (it) => Object.assign(it.predicate, { signed_at: '2026-02-01T00:00:00Z' })],
    [
      'its expiry, put off',
      'invalid_signature',
      (it) => Object.assign(it.predicate, { expires_at: '2099-01-01T00:00:00Z' }),
    ],
    ['its expiry, taken out', 'invalid_signature', (it) => Reflect.deleteProperty(it.predicate, 'expires_at')],
  ])('%s', async (_, code, change) => {
    const statement: StatementJson = JSON.parse(payload);
    change(statement);
    await expectCode(code, () => verify(withPayload(JSON.stringify(statement))));
  });

  test('white space alone', async () => {
    await expectCode('invalid_signature', () => verify(withPayload(`${payload} `)));
    expect(await verify(withPayload(payload))).toMatchObject({ key: alice.trusted });
  });
});

describe('a hash signature that was changed afterwards', () => {
  test.each<[string, ErrorCode, object]>([
    ['in its hash', 'package_tampered', { package_hash: sha256(Uint8Array.of(1)) }],
    ['in its signer, to one who is not trusted', 'untrusted_signer', { key_fingerprint: 'ab'.repeat(32) }],
    ['in its signer, to another who is trusted', 'invalid_signature', { key_fingerprint: bob.fingerprint }],
    ['in its signature', 'invalid_signature', { signature: Buffer.alloc(64, 1).toString('base64') }],
    ['in its version', 'malformed_signature', { version: 2 }],
    ['in its algorithm', 'malformed_signature', { algorithm: 'none' }],
  ])('%s is refused', async (_, code, changes) => {
    await expectCode(code, () => verify({ ...hashSignature, ...changes }));
  });

  test('in the hash, with the package changed to match, is refused', async () => {
    const package_hash = sha256(Uint8Array.of(1));
    await expectCode('invalid_signature', () => verify({ ...hashSignature, package_hash }, package_hash));
  });

  test('in the time that it claims is accepted, for nothing relies upon it', async () => {
    expect(await verify({ ...hashSignature, signed_at: '2001-01-01T00:00:00Z' })).toMatchObject({ key: alice.trusted });
  });
});

test.each([[undefined], [''], ['ab'.repeat(32)], [bob.fingerprint], ['x'.repeat(1024)]])(
  'the keyid %j changes nothing',
  async (keyid) => {
    const [{ sig }] = envelope.signatures;
    const signatures = [keyid === undefined ? { sig } : { keyid, sig }];
    expect(await verify({ ...envelope, signatures })).toMatchObject({ key: alice.trusted });
  },
);

test('a statement does not verify as a signature of a hash, nor the other way round', async () => {
  const [{ sig }] = envelope.signatures;
  await expectCode('invalid_signature', () => verify({ ...hashSignature, signature: sig }));
  const signatures = [{ sig: hashSignature.signature }];
  await expectCode('invalid_signature', () => verify({ ...envelope, signatures }));
});

describe('with any one bit turned, it is refused:', () => {
  const numRuns = 200;

  test('the payload', async () => {
    const payload = Buffer.from(envelope.payload, 'base64');
    await fc.assert(
      fc.asyncProperty(fc.nat(payload.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(flipBit(payload, bit)).toString('base64');
        expect(await failureOf(() => verify({ ...envelope, payload: changed }))).toBeInstanceOf(HanaperError);
      }),
      { numRuns },
    );
  });

  test('the signature', async () => {
    const [{ sig }] = envelope.signatures;
    await fc.assert(
      fc.asyncProperty(fc.nat(511), async (bit) => {
        const changed = Buffer.from(flipBit(Buffer.from(sig, 'base64'), bit)).toString('base64');
        await expectCode('invalid_signature', () => verify({ ...envelope, signatures: [{ sig: changed }] }));
      }),
      { numRuns },
    );
  });

  test('the package', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length * 8 - 1), async (bit) => {
        const changed = sha256(flipBit(content, bit));
        await expectCode('package_tampered', () => verify(envelope, changed));
        await expectCode('package_tampered', () => verify(hashSignature, changed));
      }),
      { numRuns },
    );
  });
});
