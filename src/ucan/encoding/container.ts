import type { Budget } from '../../budget.ts';
import {
  concatBytes,
  decodeBase64Ascii,
  decodeBase64UrlAscii,
  encodeBase64Ascii,
  encodeBase64UrlAscii,
} from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { limits } from '../limits.ts';
import { malformedToken } from '../malformed.ts';
import { encodeDagCbor } from './dag-cbor.ts';
import { Decoder } from './decoder.ts';
import { gunzip, gzip } from './gzip.ts';
import { ipldMap } from './ipld.ts';

/** How the body of a container is written. */
export type ContainerEncoding = 'raw' | 'base64' | 'base64url' | 'raw-gzip' | 'base64-gzip' | 'base64url-gzip';

interface Form {
  /** The first byte. */
  readonly mark: number;
  readonly text: 'none' | 'base64' | 'base64url';
  readonly zipped: boolean;
}

// UCAN container 1.0, "Encodings".
const forms: Readonly<Record<ContainerEncoding, Form>> = {
  raw: { mark: 0x40, text: 'none', zipped: false },
  base64: { mark: 0x42, text: 'base64', zipped: false },
  base64url: { mark: 0x43, text: 'base64url', zipped: false },
  'raw-gzip': { mark: 0x4d, text: 'none', zipped: true },
  'base64-gzip': { mark: 0x4f, text: 'base64', zipped: true },
  'base64url-gzip': { mark: 0x50, text: 'base64url', zipped: true },
};

/** All encodings of a container, the plain ones first. */
export const containerEncodings: readonly ContainerEncoding[] = Object.keys(forms) as ContainerEncoding[];

const version = 'ctn-v1';

/**
 * Puts tokens into a container (UCAN container 1.0): sorted by their bytes, each once.
 *
 * @throws HanaperError `bad_input` for more than 256
 */
export async function encodeContainer(
  tokens: readonly Uint8Array[],
  encoding: ContainerEncoding,
): Promise<Uint8Array<ArrayBuffer>> {
  const { mark, text, zipped } = forms[encoding];
  if (tokens.length > limits.containerTokens) throw tooMany(tokens.length);
  const body = encodeDagCbor(ipldMap([[version, sortTokens(tokens)]]));
  const packed = zipped ? await gzip(body) : body;
  const written =
    text === 'base64' ? encodeBase64Ascii(packed) : text === 'base64url' ? encodeBase64UrlAscii(packed) : packed;
  return concatBytes(Uint8Array.of(mark), written);
}

/**
 * Takes the tokens out of a container, in the order in which they lie there: as parts of it, or of what it unzips to.
 *
 * @throws HanaperError `malformed_token`, `too_large` where the budget ends
 */
export async function decodeContainer(container: Uint8Array, budget?: Budget): Promise<readonly Uint8Array[]> {
  if (container.length > limits.containerBytes) throw malformedToken(`is larger than ${limits.containerBytes} bytes`);
  const form = Object.values(forms).find(({ mark }) => mark === container[0]);
  if (form === undefined) throw malformedToken('is no container: its first byte is not one of the six', { offset: 0 });
  const body = decodeText(container.subarray(1), form.text);
  return readTokens(form.zipped ? await gunzip(body, limits.containerUnpackedBytes, budget) : body);
}

/** How a container is written, by its first byte; `undefined` for other bytes. */
export function encodingOf([mark]: Uint8Array): ContainerEncoding | undefined {
  return containerEncodings.find((encoding) => forms[encoding].mark === mark);
}

/** Whether bytes begin as a container does. */
export function isContainer(bytes: Uint8Array): boolean {
  return Object.values(forms).some(({ mark }) => mark === bytes[0]);
}

function decodeText(written: Uint8Array, text: Form['text']): Uint8Array {
  if (text === 'none') return written;
  const body = text === 'base64' ? decodeBase64Ascii(written) : decodeBase64UrlAscii(written);
  if (body) return body;
  throw malformedToken(`is a container whose body is no ${text}`, { offset: 1 });
}

function readTokens(body: Uint8Array): readonly Uint8Array[] {
  const decoder = new Decoder(body);
  decoder.enterMap(1);
  if (decoder.readText() !== version) throw malformedToken(`is no container of the version ${version}`, { offset: 1 });
  const count = decoder.enterList();
  if (count > limits.containerTokens) {
    throw malformedToken(`is a container of more than ${limits.containerTokens} tokens`);
  }
  const tokens = Array.from({ length: count }, () => decoder.passBytes());
  decoder.requireEnd();
  return tokens;
}

function tooMany(count: number): HanaperError {
  return new HanaperError('bad_input', `A container holds ${limits.containerTokens} tokens at most, not ${count}.`, {
    most: limits.containerTokens,
  });
}

function sortTokens(tokens: readonly Uint8Array[]): readonly Uint8Array[] {
  return tokens.toSorted(compareBytes).filter((token, index, sorted) => {
    const before = sorted[index - 1];
    return before === undefined || compareBytes(before, token) !== 0;
  });
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
