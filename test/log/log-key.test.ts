import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/bytes.ts';
import { publicKeyOf, sign } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { encodeEd25519DidKey } from '../../src/did/did-key.ts';
import {
  checkLogKey,
  encodeLogKeyStatement,
  readLogKey,
  type SignedLogKey,
  signLogKey,
} from '../../src/log/log-key.ts';
import { decodeDagCbor } from '../../src/ucan/index.ts';
import { Vault } from '../../src/vault/index.ts';
import { expectCode } from '../support/codes.ts';
import { countUp, flipBit, toHex } from '../support/vectors.ts';

const createdAt = '2026-01-31T12:00:00.000Z';
const identity = await identityOf(countUp(32));
const stranger = await identityOf(countUp(32, 1));
const { publicKey } = await identityOf(countUp(32, 2));
const claims = { epoch: 1, publicKey, createdAt };
const signed = await signLogKey(identity, claims);

async function identityOf(seed: Uint8Array) {
  const signWith = async (message: Uint8Array) => {
    using key = Secret.copyOf(seed);
    return await sign(key, message);
  };
  using key = Secret.copyOf(seed);
  const own = await publicKeyOf(key);
  return { did: encodeEd25519DidKey(own), publicKey: own, sign: signWith };
}

async function signRaw(statement: Uint8Array): Promise<SignedLogKey> {
  return { statement, signature: await identity.sign(statement) };
}

test('a statement is a list of DAG-CBOR, signed by the identity that it names', async () => {
  const fields = ['hanaper/v1/log-key', identity.did, 1, new Uint8Array(publicKey), createdAt];
  expect(decodeDagCbor(signed.statement)).toEqual(fields);
  expect(toHex(encodeLogKeyStatement({ did: identity.did, ...claims }))).toBe(toHex(signed.statement));
  expect(await checkLogKey(signed, identity.did)).toEqual({
    did: identity.did,
    ...claims,
    origin: `hanaper/${identity.did}/1`,
  });
});

test('a statement within something else that is signed is read without its signature', async () => {
  const { did } = identity;
  expect(readLogKey(signed.statement, did, identity.publicKey)).toEqual(await checkLogKey(signed, did));
  const others = [
    new Uint8Array(0),
    new Uint8Array(257),
    signed.statement.subarray(1),
    encodeLogKeyStatement({ ...claims, did: stranger.did }),
    encodeLogKeyStatement({ ...claims, did, publicKey: identity.publicKey }),
    encodeLogKeyStatement({ ...claims, did, publicKey: new Uint8Array(32) }),
    encodeLogKeyStatement({ ...claims, did, epoch: 0 }),
  ];
  for (const other of others) await expectCode('log_tampered', () => readLogKey(other, did, identity.publicKey));
});

test('a statement is checked as well from the buffers of a driver', async () => {
  const read = { statement: Buffer.from(signed.statement), signature: Buffer.from(signed.signature) };
  const { publicKey: key } = await checkLogKey(read, identity.did);
  expect(toHex(key)).toBe(toHex(publicKey));
});

test('an unlocked vault can sign one', async () => {
  using vault = await Vault.unlock(Secret.copyOf(countUp(32, 3)));
  expect(await checkLogKey(await signLogKey(vault, claims), vault.did)).toMatchObject({ did: vault.did, epoch: 1 });
});

test('the longest statement is within the bound', async () => {
  const last = await signLogKey(identity, { ...claims, epoch: Number.MAX_SAFE_INTEGER });
  expect(await checkLogKey(last, identity.did)).toMatchObject({ epoch: Number.MAX_SAFE_INTEGER });
});

describe('a statement is refused', () => {
  const { statement, signature } = signed;
  test.each<[string, SignedLogKey]>([
    ['without a signature', { statement, signature: new Uint8Array(0) }],
    ['with a signature that is cut', { statement, signature: signature.subarray(1) }],
    ['with a signature that is longer', { statement, signature: concatBytes(signature, Uint8Array.of(0)) }],
    ['that is empty', { statement: new Uint8Array(0), signature }],
    ['that is endless', { statement: new Uint8Array(100_000), signature }],
  ])('%s', async (_, forged) => {
    const { details } = await expectCode('log_tampered', () => checkLogKey(forged, identity.did));
    expect(details).toMatchObject({ what: 'log_key', did: identity.did });
  });

  test('of another authority, and one of this that is said to be of another', async () => {
    const other = await signLogKey(stranger, claims);
    await expectCode('log_tampered', () => checkLogKey(other, identity.did));
    await expectCode('log_tampered', () => checkLogKey(signed, stranger.did));
    const lent = await signRaw(encodeLogKeyStatement({ did: stranger.did, ...claims }));
    await expectCode('log_tampered', () => checkLogKey(lent, identity.did));
    await expectCode('log_tampered', () => checkLogKey(lent, stranger.did));
  });

  test('of which any bit, or one of its signature, is turned', async () => {
    for (let bit = 0; bit < statement.length * 8; bit++) {
      const changed = { statement: flipBit(statement, bit), signature };
      await expectCode('log_tampered', () => checkLogKey(changed, identity.did));
    }
    for (let bit = 0; bit < 512; bit++) {
      const changed = { statement, signature: flipBit(signature, bit) };
      await expectCode('log_tampered', () => checkLogKey(changed, identity.did));
    }
  });

  test('about an invalid DID', async () => {
    await expectCode('bad_input', () => checkLogKey(signed, 'did:web:example.org'));
  });
});

describe('though its authority signed it, a statement is refused', () => {
  const context = 'hanaper/v1/log-key';
  const { did } = identity;
  test.each<[string, unknown]>([
    ['of another context', ['hanaper/v1/authority', did, 1, publicKey, createdAt]],
    ['of the next version', ['hanaper/v2/log-key', did, 1, publicKey, createdAt]],
    ['with a field more', [context, did, 1, publicKey, createdAt, 0]],
    ['with a field less', [context, did, 1, publicKey]],
    ['with fields in another order', [context, 1, did, publicKey, createdAt]],
    ['with no fields', []],
    ['that is a map', { context, did }],
    ['that is a text', context],
    ['that is null', null],
    ['with the epoch 0', [context, did, 0, publicKey, createdAt]],
    ['with an epoch below', [context, did, -1, publicKey, createdAt]],
    ['with half an epoch', [context, did, 1.5, publicKey, createdAt]],
    ['with an epoch that is text', [context, did, '1', publicKey, createdAt]],
    ['with an epoch that cannot be counted', [context, did, 2n ** 60n, publicKey, createdAt]],
    ['with a key that is cut', [context, did, 1, publicKey.subarray(1), createdAt]],
    ['with a key of small order', [context, did, 1, new Uint8Array(32), createdAt]],
    ['with a key that is no point', [context, did, 1, countUp(32, 2), createdAt]],
    ['with a key that is text', [context, did, 1, toHex(publicKey), createdAt]],
    ['whose key is that of the authority', [context, did, 1, identity.publicKey, createdAt]],
    ['whose time has no milliseconds', [context, did, 1, publicKey, '2026-01-31T12:00:00Z']],
    ['whose time is of another zone', [context, did, 1, publicKey, '2026-01-31T12:00:00.000+01:00']],
    ['whose day does not exist', [context, did, 1, publicKey, '2026-02-30T12:00:00.000Z']],
    ['whose time is a number', [context, did, 1, publicKey, 1769860800]],
  ])('%s', async (_, fields) => {
    await expectCode('log_tampered', async () => checkLogKey(await signRaw(encode(fields)), did));
  });

  test.each([
    ['with bytes behind it', concatBytes(signed.statement, Uint8Array.of(0))],
    [
      'with a list of indefinite length',
      concatBytes(Uint8Array.of(0x9f), signed.statement.subarray(1), Uint8Array.of(0xff)),
    ],
    ['with a length that could be shorter', concatBytes(Uint8Array.of(0x98, 5), signed.statement.subarray(1))],
    ['of which the end is missing', signed.statement.subarray(0, -1)],
    ['that begins with what is no CBOR', concatBytes(Uint8Array.of(0xff), signed.statement)],
  ])('%s', async (_, statement) => {
    await expectCode('log_tampered', async () => checkLogKey(await signRaw(statement), did));
  });

  test('whatever its bytes are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await expectCode('log_tampered', async () => checkLogKey(await signRaw(bytes), did));
      }),
    );
  });
});
