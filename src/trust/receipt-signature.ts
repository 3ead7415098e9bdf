import { decode } from 'cborg';
import { decodeBase64 } from '../bytes.ts';

const options = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  rejectDuplicateMapKeys: true,
  tags: { 42: (content: () => unknown) => content() },
};
const receiptCommand = '/ucan/assert/receipt';

/**
 * The 64 bytes of the package signature in the receipt of `executor`: that of the document at
 * `args.out.ok.signature`, of either format. `undefined` without one. The token's own signature is not looked at: for
 * a receipt whose hash is proven to be in the executor's log.
 */
export function readReceiptSignature(token: Uint8Array, executor: string): Uint8Array | undefined {
  const [, envelope] = listOf(decodeToken(token));
  const tag = Object.keys(mapOf(envelope)).find((key) => key.startsWith('ucan/inv@'));
  const { iss, cmd, args } = tag === undefined ? {} : mapOf(mapOf(envelope)[tag]);
  if (iss !== executor || cmd !== receiptCommand) return undefined;
  const { ok } = mapOf(mapOf(args)['out']);
  return readSignature(mapOf(mapOf(ok)['signature']));
}

// In a DSSE envelope the one signature stands in a list, in a hash signature by itself.
function readSignature(document: Readonly<Record<string, unknown>>): Uint8Array | undefined {
  const [enveloped] = listOf(document['signatures']);
  const encoded = document['signature'] ?? mapOf(enveloped)['sig'];
  return typeof encoded === 'string' && encoded.length === 88 ? decodeBase64(encoded) : undefined;
}

function decodeToken(token: Uint8Array): unknown {
  try {
    return decode(token, options);
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
