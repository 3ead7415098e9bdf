import { base16 } from 'multiformats/bases/base16';
import { base32 } from 'multiformats/bases/base32';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { base64, base64pad, base64url, base64urlpad } from 'multiformats/bases/base64';
import { CID } from 'multiformats/cid';
import { Digest } from 'multiformats/hashes/digest';
import { concatBytes, equalBytes } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import { HanaperError } from '../../errors.ts';

const dagCborCode = 0x71;
const sha256Code = 0x12;
const digestLength = 32;
const maxCharacters = 128;

const decoder = base58btc.decoder
  .or(base32.decoder)
  .or(base36.decoder)
  .or(base16.decoder)
  .or(base64.decoder)
  .or(base64pad.decoder)
  .or(base64url.decoder)
  .or(base64urlpad.decoder);

// How the bytes of such a CID begin; its digest follows.
const prefix = Uint8Array.of(1, dagCborCode, sha256Code, digestLength);

/** The CID of a token: version 1, dag-cbor (0x71), sha2-256, over all of its bytes. */
export function computeCid(bytes: Uint8Array): CID {
  return cidOf(concatBytes(prefix, sha256(bytes)));
}

/** The CID of its own bytes; `undefined` if they are invalid. */
export function decodeCid(bytes: Uint8Array): CID | undefined {
  const [version, codec, hash, length] = bytes;
  const isUsual = version === 1 && codec === dagCborCode && hash === sha256Code && length === digestLength;
  if (isUsual && bytes.length === prefix.length + digestLength) return cidOf(bytes);
  try {
    const cid = CID.decode(bytes);
    // One CID has one spelling.
    return equalBytes(cid.bytes, bytes) ? cid : undefined;
  } catch {
    return undefined;
  }
}

// Without what the library checks and copies once more: a chain has many.
function cidOf(bytes: Uint8Array): CID {
  const multihash = bytes.subarray(2);
  const digest = new Digest(sha256Code, digestLength, bytes.subarray(prefix.length), multihash);
  return new CID(1, dagCborCode, digest, bytes);
}

/** A CID as it is printed and stored: base58btc, `zdpu…`. */
export function formatCid(cid: CID): string {
  return cid.toString(base58btc);
}

/**
 * Reads the CID of a token in any of the common bases.
 *
 * @throws HanaperError `bad_input`
 */
export function parseCid(text: string): CID {
  const cid = text.length <= maxCharacters ? parseAnyCid(text) : undefined;
  if (cid && isTokenCid(cid)) return cid;
  throw new HanaperError('bad_input', 'This is no CID of a token; one looks like zdpu… or bafyrei….', {
    expected: 'zdpu…',
  });
}

/** Whether a CID can be that of a token: version 1, dag-cbor, sha2-256. */
export function isTokenCid({ version, code, multihash }: CID): boolean {
  return version === 1 && code === dagCborCode && multihash.code === sha256Code && multihash.digest.length === 32;
}

/** A key for maps: two tokens' CIDs are equal exactly where their keys are. */
export function cidKey({ multihash }: CID): string {
  return Reflect.apply(String.fromCharCode, undefined, multihash.digest);
}

function parseAnyCid(text: string): CID | undefined {
  try {
    return CID.parse(text, decoder);
  } catch {
    return undefined;
  }
}
