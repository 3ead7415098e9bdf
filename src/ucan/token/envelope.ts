import type { CID } from 'multiformats/cid';
import type { Budget } from '../../budget.ts';
import { concatBytes } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import type { KeyType } from '../../did/public-key.ts';
import { computeCid } from '../encoding/cid.ts';
import { encodeDagCbor } from '../encoding/dag-cbor.ts';
import { type ByteRange, Decoder } from '../encoding/decoder.ts';
import { type IpldMap, ipldMap } from '../encoding/ipld.ts';
import { decodeVarsig, encodeVarsig } from '../encoding/varsig.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import type { Signer } from './signer.ts';

/** What a token is. */
export type TokenKind = 'delegation' | 'invocation';

/** The versions of UCAN that are read; both are the same but for this tag. */
export type UcanVersion = '1.0.0-rc.1' | '1.0.0';

/** The version that is written unless told otherwise: the one that every implementation in use reads. */
export const defaultVersion: UcanVersion = '1.0.0-rc.1';

/** A token's outer layer, read strictly; its signature is not verified yet. */
export interface Envelope {
  readonly kind: TokenKind;
  readonly version: UcanVersion;
  /** The whole token, as it came. */
  readonly bytes: Uint8Array;
  /** Computed over `bytes`. */
  readonly cid: CID;
  readonly signature: Uint8Array;
  /** The kind of key that the varsig header names. */
  readonly keyType: KeyType;
  /** The very bytes that the signature covers. */
  readonly signed: Uint8Array;
  /** Where each field of the payload has its value in `signed`; it is built where it is needed. */
  readonly fields: ReadonlyMap<string, ByteRange>;
}

const tags: Readonly<Record<string, { readonly kind: TokenKind; readonly version: UcanVersion }>> = {
  'ucan/dlg@1.0.0-rc.1': { kind: 'delegation', version: '1.0.0-rc.1' },
  'ucan/dlg@1.0.0': { kind: 'delegation', version: '1.0.0' },
  'ucan/inv@1.0.0-rc.1': { kind: 'invocation', version: '1.0.0-rc.1' },
  'ucan/inv@1.0.0': { kind: 'invocation', version: '1.0.0' },
};
const words: Readonly<Record<TokenKind, string>> = { delegation: 'dlg', invocation: 'inv' };
const payloadDepth = 2;

/**
 * Reads the envelope of a token (UCAN 1.0, "Envelope"): `[signature, {h: varsig header, "ucan/…@version": payload}]`.
 *
 * All of the payload is checked, and its values drawn from the budget, but none is built.
 *
 * @throws HanaperError `malformed_token` with the byte offset or the field, `too_large` where the budget ends
 */
export function decodeEnvelope(token: Uint8Array, budget?: Budget): Envelope {
  if (token.length > limits.tokenBytes) throw malformedToken(`is larger than ${limits.tokenBytes} bytes`);
  budget?.spend('tokens');
  budget?.spend('held_bytes', token.length);
  // A copy: what was verified must not change with the buffer that it came in.
  const bytes = new Uint8Array(token);
  const decoder = new Decoder(bytes, budget);
  const { signature, offset, header, tag } = readHead(decoder);
  const { keyType, rsaBytes = signature.length } = decodeVarsig(header);
  if (rsaBytes !== signature.length)
    throw malformedToken('has a signature of another length than its header says', { field: 'h' });
  const { kind, version } = decodeTag(tag);
  const fields = decoder.passMap(payloadDepth, offset);
  decoder.requireEnd();
  return { kind, version, bytes, cid: computeCid(bytes), signature, keyType, signed: bytes.subarray(offset), fields };
}

/**
 * What a token is, by its first bytes; nothing else of it is read.
 *
 * @throws HanaperError `malformed_token`
 */
export function kindOfToken(token: Uint8Array): TokenKind {
  return decodeTag(readHead(new Decoder(token)).tag).kind;
}

function readHead(decoder: Decoder) {
  decoder.enterList(2);
  const signature = decoder.passBytes();
  if (signature.length > limits.signatureBytes) throw malformedToken('has a signature of no known length');
  const { offset } = decoder;
  decoder.enterMap(2);
  if (decoder.readText() !== 'h') throw malformedToken('has no signature header', { field: 'h' });
  return { signature, offset, header: decoder.passBytes(), tag: decoder.readText() };
}

/** Puts a payload into an envelope, signed. */
export async function signEnvelope(
  { kind, version = defaultVersion }: { readonly kind: TokenKind; readonly version?: UcanVersion | undefined },
  payload: IpldMap,
  signer: Signer,
): Promise<Uint8Array<ArrayBuffer>> {
  const covered = ipldMap([
    ['h', encodeVarsig(signer.keyType)],
    [`ucan/${words[kind]}@${version}`, payload],
  ]);
  const signed = encodeDagCbor(covered);
  // A list of two: the signature, and the very bytes that it is over.
  return concatBytes(Uint8Array.of(0x82), encodeDagCbor(await signer.sign(signed)), signed);
}

/** What makes two tokens the same act: SHA-256 (32 bytes) of what is signed, whatever the signature. */
export function payloadDigestOf({ signed }: Pick<Envelope, 'signed'>): Uint8Array<ArrayBuffer> {
  return sha256(signed);
}

function decodeTag(tag: string): { kind: TokenKind; version: UcanVersion } {
  const known = Object.hasOwn(tags, tag) ? tags[tag] : undefined;
  if (known) return known;
  const reason = tag.startsWith('ucan/') ? 'is of a kind or version that is not known here' : 'is no UCAN';
  throw malformedToken(reason, { field: 'tag', expected: Object.keys(tags) });
}
