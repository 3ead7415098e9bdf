import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { decodeEnvelope, encodeEnvelope, preAuthenticationEncoding, splitEnvelope } from '../../src/signature/dsse.ts';
import { expectCode } from '../support/codes.ts';
import { countUp } from '../support/vectors.ts';

// DSSE protocol v1, section "Signature Definition": LEN is the number of bytes, in decimal, without leading zeros.
describe('the pre-authentication encoding', () => {
  test.each([
    ['hello world', 'DSSEv1 28 application/vnd.in-toto+json 11 hello world'],
    ['', 'DSSEv1 28 application/vnd.in-toto+json 0 '],
    ['é', 'DSSEv1 28 application/vnd.in-toto+json 2 é'],
    [
      '{"_type":"https://in-toto.io/Statement/v1"}',
      'DSSEv1 28 application/vnd.in-toto+json 43 {"_type":"https://in-toto.io/Statement/v1"}',
    ],
  ])('of %j is the one of the protocol', (payload, expected) => {
    expect(preAuthenticationEncoding(encodeUtf8(payload))).toEqual(encodeUtf8(expected));
  });

  test('of two payloads that differ is never the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (left, right) => {
        const equal = Buffer.from(left).equals(right);
        expect(Buffer.from(preAuthenticationEncoding(left)).equals(preAuthenticationEncoding(right))).toBe(equal);
      }),
    );
  });
});

// Bytes whose base64 takes both characters in which the two alphabets differ, and padding.
const payload = Uint8Array.of(0xfb, 0xff, 0xbf, 0x3e);
const signature = countUp(64, 0xc0).map((byte, i) => (i % 3 === 0 ? 0xfb : byte));
const good = encodeEnvelope(payload, signature, 'a'.repeat(64));
const [{ sig }] = good.signatures;

test('an envelope is read back', () => {
  expect(decodeEnvelope(JSON.parse(JSON.stringify(good)))).toEqual({ payload, signature, keyid: 'a'.repeat(64) });
});

test('any payload is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(decodeEnvelope(encodeEnvelope(bytes, signature, ''))).toEqual({ payload: bytes, signature, keyid: '' });
    }),
  );
});

describe('an envelope is read', () => {
  const urlSafe = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_');
  test.each([
    ['in standard base64', good.payload, sig],
    // DSSE protocol, section "Protocol": verifiers MUST accept either alphabet; RFC 4648, section 5, pads both.
    ['in URL-safe base64', urlSafe(good.payload), urlSafe(sig)],
    ['in URL-safe base64 without padding', urlSafe(good.payload).replaceAll('=', ''), urlSafe(sig).replaceAll('=', '')],
    ['with one of each', good.payload, urlSafe(sig)],
  ])('%s', (_, text, signatureText) => {
    const envelope = { ...good, payload: text, signatures: [{ sig: signatureText }] };
    expect(decodeEnvelope(envelope)).toEqual({ payload, signature });
  });

  test.each<[string, unknown]>([
    ['a field', { ...good, extra: true }],
    ['a field of its signature', { ...good, signatures: [{ ...good.signatures[0], cert: '' }] }],
    ['a field named __proto__', JSON.parse(`{"__proto__":{"payload":""},${JSON.stringify(good).slice(1)}`)],
  ])('with %s that is not known, which is passed over', (_, envelope) => {
    expect(decodeEnvelope(envelope)).toEqual(decodeEnvelope(good));
  });

  test('without a keyid', () => {
    expect(decodeEnvelope({ ...good, signatures: [{ sig }] })).toEqual({ payload, signature });
  });
});

describe('an envelope is malformed with', () => {
  const { payloadType } = good;
  test.each<[string, unknown]>([
    ['another payload type', { ...good, payloadType: 'application/json' }],
    ['an empty payload type', { ...good, payloadType: '' }],
    ['a payload type in upper case', { ...good, payloadType: payloadType.toUpperCase() }],
    ['a payload type with a parameter', { ...good, payloadType: `${payloadType}; v=1` }],
    ['a payload type in an array', { ...good, payloadType: [payloadType] }],
    ['no payload', { payloadType, signatures: good.signatures }],
    ['a payload that is a number', { ...good, payload: 7 }],
    ['a payload with white space', { ...good, payload: `${good.payload}\n` }],
    ['a payload of both alphabets', { ...good, payload: 'Zm+vZm-v' }],
    ['a payload with stray bits', { ...good, payload: 'Zh==' }],
    ['a payload of more than 64 KiB', encodeEnvelope(new Uint8Array(65 * 1024), signature, '')],
    ['no signatures', { payload: good.payload, payloadType }],
    ['an empty array of signatures', { ...good, signatures: [] }],
    ['two signatures', { ...good, signatures: [...good.signatures, ...good.signatures] }],
    ['signatures that are an object', { ...good, signatures: { 0: { sig }, length: 1 } }],
    ['a signature that is null', { ...good, signatures: [null] }],
    ['a signature that is text', { ...good, signatures: [sig] }],
    ['a signature of 63 bytes', { ...good, signatures: [{ sig: Buffer.alloc(63).toString('base64') }] }],
    ['a signature of 65 bytes', { ...good, signatures: [{ sig: Buffer.alloc(65).toString('base64') }] }],
    ['an empty signature', { ...good, signatures: [{ sig: '' }] }],
    ['a signature in hexadecimal', { ...good, signatures: [{ sig: '00'.repeat(64) }] }],
    ['a keyid that is a number', { ...good, signatures: [{ sig, keyid: 1 }] }],
    ['a keyid that is null', { ...good, signatures: [{ sig, keyid: null }] }],
    ['a keyid of more than 1,024 characters', { ...good, signatures: [{ sig, keyid: 'a'.repeat(1025) }] }],
    ['an array around it', [good]],
    ['nothing in it', null],
  ])('%s', async (_, envelope) => {
    await expectCode('malformed_signature', () => decodeEnvelope(envelope));
  });
});

describe('an envelope of several signatures', () => {
  const of = (...signatures: readonly unknown[]) => ({ ...good, signatures });
  const [first] = good.signatures;
  const second = { sig: Buffer.alloc(64, 7).toString('base64') };

  test('is split into envelopes of one each, over the same payload', () => {
    expect(splitEnvelope(of(first, second))).toEqual([of(first), of(second)]);
  });

  test('leaves out what no Ed25519 key has made, unless there is nothing else', () => {
    const foreign = { sig: Buffer.alloc(71, 7).toString('base64') };
    expect(splitEnvelope(of(foreign, first, null, 7))).toEqual([of(first)]);
    expect(splitEnvelope(of(foreign, null))).toEqual([of(foreign)]);
  });

  test('is told from other data, which stays as it is', () => {
    for (const other of [good, of(), {}, null, 'text', 7, [first, second], { signatures: { length: 2 } }]) {
      expect(splitEnvelope(other)).toEqual([other]);
    }
  });
});
