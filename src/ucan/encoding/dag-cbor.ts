import { encode, Token, Type } from 'cborg';
import { CID } from 'multiformats/cid';
import { Decoder } from './decoder.ts';
import type { IpldValue } from './ipld.ts';

const encodeOptions = {
  float64: true,
  typeEncoders: { Object: encodeLink },
};

/**
 * Decodes one value of strict DAG-CBOR (ipld.io, DAG-CBOR specification), and nothing behind it.
 *
 * @throws HanaperError `malformed_token` with the byte offset
 */
export function decodeDagCbor(bytes: Uint8Array): IpldValue {
  const decoder = new Decoder(bytes);
  const value = decoder.readValue();
  decoder.requireEnd();
  return value;
}

/** Encodes a value in its one canonical form. */
export function encodeDagCbor(value: IpldValue): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(value, encodeOptions));
}

function encodeLink(value: unknown): Token[] | null {
  // Not by its shape: a map with the same keys is a map.
  if (!(value instanceof CID)) return null;
  const bytes = new Uint8Array(value.bytes.length + 1);
  bytes.set(value.bytes, 1);
  return [new Token(Type.tag, 42), new Token(Type.bytes, bytes)];
}
