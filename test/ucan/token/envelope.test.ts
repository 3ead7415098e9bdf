import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../../src/bytes.ts';
import {
  computeCid,
  decodeDelegation,
  decodeEnvelope,
  decodeToken,
  encodeVarsig,
  isSignatureValid,
  limits,
  parseCid,
  payloadDigestOf,
  verifyToken,
} from '../../../src/ucan/index.ts';
import { Cbor, float, head, list, map, text, unsortedMap, write } from '../../support/cbor.ts';
import { expectCode } from '../../support/codes.ts';
import {
  delegate,
  delegationFields,
  invocationFields,
  invoke,
  keyTypes,
  principal,
  principalOf,
  rawDelegation,
  resign,
  signRaw,
} from '../../support/ucan.ts';
import { fromHex, readVectors, toHex } from '../../support/vectors.ts';

interface DelegationVectors {
  readonly version: '1.0.0' | '1.0.0-rc.1';
  readonly principals: Readonly<Record<'alice' | 'bob' | 'carol', string>>;
  readonly valid: readonly {
    readonly token: string;
    readonly cid: string;
    readonly envelope: {
      readonly payload: Readonly<Record<string, unknown>>;
      readonly signature: string;
      readonly version: string;
    };
  }[];
}

const files = ['ucan/delegation-1.0.0.json', 'ucan/delegation-1.0.0-rc.1.json'];
const alice = await principal('alice');
const bob = await principal('bob');
const token = await delegate(alice, bob);

describe.each(files)('%s:', (file) => {
  const { version, principals, valid } = readVectors<DelegationVectors>(file);

  test.each(valid)('a delegation has the published CID, fields and signature', async (vector) => {
    const delegation = decodeDelegation(Buffer.from(vector.token, 'base64'));
    const { payload } = vector.envelope;
    expect(delegation.cid.toString()).toBe(vector.cid);
    expect(delegation.cid.equals(parseCid(vector.cid))).toBe(true);
    expect(delegation).toMatchObject({
      version,
      issuer: payload['iss'],
      audience: payload['aud'],
      subject: payload['sub'],
      command: payload['cmd'],
      expiration: payload['exp'],
    });
    expect(delegation.policy.source).toEqual(payload['pol']);
    expect(Buffer.from(delegation.nonce).toString('base64')).toBe(payload['nonce']);
    expect(Buffer.from(delegation.envelope.signature).toString('base64')).toBe(vector.envelope.signature);
    expect(delegation.envelope.keyType).toBe('ed25519');
    await expect(verifyToken(delegation)).resolves.toBe(delegation);
  });

  test.each(valid)('made again from its principals, a delegation has the very same bytes', async (vector) => {
    const [issuer, audience] = await Promise.all(
      ['bob' as const, 'carol' as const].map((name) => fixturePrincipal(principals[name])),
    );
    if (issuer === undefined || audience === undefined) throw new TypeError('the vectors have two principals');
    const { payload } = vector.envelope;
    const made = await delegate(issuer, audience, {
      version,
      command: String(payload['cmd']),
      expiration: Number(payload['exp']),
      nonce: Buffer.from(String(payload['nonce']), 'base64'),
    });
    expect(Buffer.from(made.bytes).toString('base64')).toBe(vector.token);
    expect(made.cid.toString()).toBe(vector.cid);
  });
});

test('1.0.0-rc.1 is written unless told otherwise, and 1.0.0 where it is', async () => {
  expect(decodeEnvelope(token.bytes)).toMatchObject({ kind: 'delegation', version: '1.0.0-rc.1' });
  const made = await invoke(alice, alice, [], { version: '1.0.0' });
  expect(decodeEnvelope(made.bytes)).toMatchObject({ kind: 'invocation', version: '1.0.0' });
});

describe.each(keyTypes)('with a key of the type %s', (keyType) => {
  test('a token is signed, named and verified', async () => {
    const signer = await principal('somebody', keyType);
    const made = await delegate(signer, alice);
    expect(made.envelope).toMatchObject({ keyType });
    expect(made.envelope.signature).toHaveLength(64);
    expect(await isSignatureValid(decodeToken(made.bytes))).toBe(true);
  });

  test('a signature by another key is invalid', async () => {
    const signer = await principal('somebody', keyType);
    const other = await principal('somebody else', keyType);
    const { envelope } = await delegate(signer, alice);
    const forged = decodeToken(resign({ envelope }, await other.sign(envelope.signed)));
    expect((await expectCode('invalid_token_signature', () => verifyToken(forged))).details).toMatchObject({
      ucan_error: 'InvalidSignature',
      issuer: signer.did,
    });
  });

  test('a signature of another length is invalid, but not malformed', async () => {
    const signer = await principal('somebody', keyType);
    const made = await delegate(signer, alice);
    const { signature } = made.envelope;
    const der = concatBytes(fromHex('30440220'), signature.subarray(0, 32), fromHex('0220'), signature.subarray(32));
    const others = [new Uint8Array(0), signature.subarray(1), concatBytes(signature, Uint8Array.of(0)), der];
    for (const other of [...others, new Uint8Array(64), new Uint8Array(64).fill(0xff), new Uint8Array(512)]) {
      await expectCode('invalid_token_signature', () => verifyToken(decodeToken(resign(made, other))));
    }
  });

  test('the header of another key type makes no valid token', async () => {
    const signer = await principal('somebody', keyType);
    for (const other of keyTypes.filter((each) => each !== keyType)) {
      const forged = decodeToken(await rawDelegation(signer, {}, { header: encodeVarsig(other) }));
      await expectCode('invalid_token_signature', () => verifyToken(forged));
    }
  });
});

test('a signature of more than 512 bytes is malformed', async () => {
  const bytes = resign(token, new Uint8Array(limits.signatureBytes + 1));
  await expectCode('malformed_token', () => decodeEnvelope(bytes));
});

test('any single byte that is turned gives another CID, and never a valid token', async () => {
  for (const keyType of keyTypes) {
    const made = await invoke(await principal('somebody', keyType), alice, [token], { meta: { a: [1, { b: 'c' }] } });
    await fc.assert(
      fc.asyncProperty(fc.nat(made.bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, turn) => {
        const bytes = new Uint8Array(made.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ turn;
        expect(computeCid(bytes).equals(made.cid)).toBe(false);
        expect(['malformed_token', 'invalid_token_signature']).toContain(
          await codeOf(() => verifyToken(decodeToken(bytes))),
        );
      }),
      { numRuns: 300 },
    );
  }
});

test('a token that is cut, or longer, is malformed', async () => {
  for (let length = 0; length < token.bytes.length; length++) {
    await expectCode('malformed_token', () => decodeEnvelope(token.bytes.subarray(0, length)));
  }
  const { details } = await expectCode('malformed_token', () =>
    decodeEnvelope(concatBytes(token.bytes, Uint8Array.of(0))),
  );
  expect(details).toMatchObject({ offset: token.bytes.length });
});

describe('no envelope of a token is', () => {
  const signature = new Uint8Array(64);
  const header = encodeVarsig('ed25519');
  const payload = map(delegationFields(alice.did, bob.did));
  const tag = 'ucan/dlg@1.0.0-rc.1';
  const covered = map({ h: header, [tag]: payload });

  test.each<[string, Cbor, number]>([
    ['text', text('token'), 0],
    ['a map', map({ s: signature, p: covered }), 0],
    ['an empty list', list([]), 0],
    ['a list of one', list([signature]), 0],
    ['a list of three', list([signature, covered, null]), 0],
    ['a list without a length', new Cbor([0x9f], write(signature).bytes, covered.bytes, [0xff]), 0],
    ['a list whose length is too long', new Cbor(head(4, 2, 1), write(signature).bytes, covered.bytes), 0],
    ['one with its parts swapped', list([covered, signature]), 1],
    ['one with a signature in text', list(['signature', covered]), 1],
    ['one with a signature in a list', list([[...signature], covered]), 1],
    ['one with a signature that is null', list([null, covered]), 1],
    ['one whose second part is a list', list([signature, [header, payload]]), 67],
    ['one whose second part is bytes', list([signature, covered.bytes]), 67],
    ['one with an empty map', list([signature, map({})]), 67],
    ['one with a header alone', list([signature, map({ h: header })]), 67],
    ['one with a third key', list([signature, map({ h: header, i: 1, [tag]: payload })]), 67],
    ['one with two payloads', list([signature, map({ h: header, 'ucan/dlg@1.0.0': payload, [tag]: payload })]), 67],
    ['one with a header that is text', list([signature, map({ h: 'header', [tag]: payload })]), 70],
    ['one with a payload that is a list', list([signature, map({ h: header, [tag]: [] })]), 99],
    ['one with a payload that is bytes', list([signature, map({ h: header, [tag]: payload.bytes })]), 99],
    ['one with a payload that is null', list([signature, map({ h: header, [tag]: null })]), 99],
  ])('%s', async (_, { bytes }, offset) => {
    expect((await expectCode('malformed_token', () => decodeEnvelope(bytes))).details).toMatchObject({ offset });
  });

  test.each<[string, Cbor, string]>([
    ['without a header', map({ a: header, [tag]: payload }), 'h'],
    [
      'with its keys in another order',
      unsortedMap([
        [tag, payload],
        ['h', header],
      ]),
      'h',
    ],
    [
      'with its header twice',
      unsortedMap([
        ['h', header],
        ['h', header],
      ]),
      'tag',
    ],
    ['with a key that is no tag', map({ h: header, payload }), 'tag'],
    ['of a later version', map({ h: header, 'ucan/dlg@1.1.0': payload }), 'tag'],
    ['of a release candidate that is not known', map({ h: header, 'ucan/dlg@1.0.0-rc.2': payload }), 'tag'],
    ['without a version', map({ h: header, 'ucan/dlg': payload }), 'tag'],
    ['of another kind', map({ h: header, 'ucan/prm@1.0.0-rc.1': payload }), 'tag'],
    ['in upper case', map({ h: header, 'UCAN/DLG@1.0.0-rc.1': payload }), 'tag'],
    ['with a tag that every object of JavaScript has', map({ h: header, constructor: payload }), 'tag'],
  ])('one %s', async (_, second, field) => {
    const { bytes } = list([signature, second]);
    expect((await expectCode('malformed_token', () => decodeEnvelope(bytes))).details).toMatchObject({ field });
  });

  test('one of more than 262,144 bytes', async () => {
    const bytes = await rawDelegation(alice, { meta: map({ a: new Uint8Array(limits.tokenBytes) }) });
    await expectCode('malformed_token', () => decodeEnvelope(bytes));
  });
});

test('what a signature covers is the very bytes that came, a float of 1.0 and all', async () => {
  const args = map({ a: float(1), b: 1 });
  const made = decodeToken(await signRaw(alice, { ...invocationFields(alice.did), args }, { tag: 'ucan/inv@1.0.0' }));
  expect(await isSignatureValid(made)).toBe(true);
  expect(toHex(made.envelope.signed)).toContain(toHex(args.bytes));
  expect(toHex(made.bytes)).toContain(toHex(made.envelope.signed));
});

test('the digest of what is signed is the same whatever the signature', async () => {
  const signer = await principal('somebody', 'p256');
  const first = await delegate(signer, alice, { nonce: new Uint8Array(12) });
  const second = await delegate(signer, alice, { nonce: new Uint8Array(12) });
  expect(first.cid.equals(second.cid)).toBe(false);
  expect(payloadDigestOf(first.envelope)).toEqual(payloadDigestOf(second.envelope));
  expect(toHex(payloadDigestOf(first.envelope))).toBe(createHash('sha256').update(first.envelope.signed).digest('hex'));
});

test('what was decoded does not change with the buffer that it came in', async () => {
  const buffer = new Uint8Array(token.bytes);
  const decoded = decodeDelegation(buffer);
  buffer.fill(0);
  expect(decoded.bytes).toEqual(token.bytes);
  expect(await isSignatureValid(decoded)).toBe(true);
});

// base64pad(varint(0x1300) + private key)
function fixturePrincipal(encoded: string) {
  const bytes = Buffer.from(encoded, 'base64');
  return principalOf('ed25519', bytes.subarray(2));
}

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return 'none';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
