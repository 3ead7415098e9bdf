import { base16 } from 'multiformats/bases/base16';
import { base32 } from 'multiformats/bases/base32';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { base64, base64pad, base64url, base64urlpad } from 'multiformats/bases/base64';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { sha256 } from '../crypto/digest.ts';
import { HanaperError } from '../errors.ts';

const dagCborCode = 0x71;
const sha256Code = 0x12;
const mostCharacters = 128;

const decoder = base58btc.decoder
  .or(base32.decoder)
  .or(base36.decoder)
  .or(base16.decoder)
  .or(base64.decoder)
  .or(base64pad.decoder)
  .or(base64url.decoder)
  .or(base64urlpad.decoder);

/** The CID of a token: version 1, dag-cbor (0x71), sha2-256, over all of its bytes. */
export function computeCid(bytes: Uint8Array): CID {
  return CID.createV1(dagCborCode, create(sha256Code, sha256(bytes)));
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
  const cid = text.length <= mostCharacters ? decodeCid(text) : undefined;
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
  let key = '';
  for (const byte of multihash.digest) key += String.fromCharCode(byte);
  return key;
}

function decodeCid(text: string): CID | undefined {
  try {
    return CID.parse(text, decoder);
  } catch {
    return undefined;
  }
}
