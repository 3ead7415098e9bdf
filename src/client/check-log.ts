import { decodeBase64, decodeBase64Url, encodeUtf8, equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { checkSeen } from '../log/check-seen.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { decodeLogEntry } from '../log/entry.ts';
import { verifyInclusion } from '../log/inclusion.ts';
import { checkLogKey, verifierKeyOf } from '../log/log-key.ts';
import { hashLeaf } from '../log/merkle.ts';
import { logTampered } from '../log/tampered.ts';
import type { VerifierKey } from '../log/verifier-key.ts';
import { formatCid } from '../ucan/encoding/cid.ts';
import type { Receipt } from '../ucan/token/receipt.ts';
import type { SeenLog } from './log-memory.ts';
import { isRecord, readJson } from './read-json.ts';

/** The header by which a proof is asked for and given. */
export const proofHeader = 'hanaper-proof';
/** The header by which a server is told what was seen of its log. */
export const seenHeader = 'hanaper-seen';

/** What came with a receipt, and what it is checked against. */
export interface Proven {
  readonly server: string;
  /** DID of the authority. */
  readonly authority: string;
  readonly receipt: Receipt;
  /** The proof: JSON in base64url. */
  readonly proof: string | null;
  /** What was seen before. */
  readonly seen: SeenLog | undefined;
}

/**
 * Checks that the entry of a receipt stands in the log of its authority, and that the log continues what was seen of it.
 * Returns its last checkpoint. Without a proof that is `undefined`, if nothing was seen before.
 *
 * @throws HanaperError `log_rolled_back`, `log_tampered`; `unavailable` where there is no proof
 */
export async function checkLog(proven: Proven): Promise<Pick<SeenLog, 'size' | 'checkpoint'> | undefined> {
  try {
    return await check(proven);
  } catch (error) {
    throw error instanceof HanaperError ? asOfDone(error, proven) : error;
  }
}

async function check({ server, authority, receipt, proof, seen }: Proven) {
  if (proof === null) {
    if (seen) throw unproven(server);
    return undefined;
  }
  const document = readJson({ bytes: decodeBase64Url(proof) ?? new Uint8Array() });
  const { index, entry, inclusion, checkpoint: note, log_key, consistency = [] } = isRecord(document) ? document : {};
  const key = await readKey(log_key, authority);
  const checkpoint = await openCheckpoint(encodeUtf8(textOf(note)), key);
  const bytes = decode(entry);
  const { size, root } = checkpoint;
  verifyInclusion({ index: numberOf(index), size, root, proof: listOf(inclusion), leafHash: hashLeaf(bytes) });
  if (!equalBytes(decodeLogEntry(bytes).receipt.bytes, receipt.invocation.cid.bytes)) {
    throw logTampered('entry', 'names another receipt than the one that came with it');
  }
  const before = seen && (await openCheckpoint(encodeUtf8(seen.checkpoint), key));
  checkSeen(before, checkpoint, listOf(consistency));
  return { size, checkpoint: textOf(note) };
}

async function readKey(value: unknown, authority: string): Promise<VerifierKey> {
  const { statement, signature } = isRecord(value) ? value : {};
  return verifierKeyOf(await checkLogKey({ statement: decode(statement), signature: decode(signature) }, authority));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw malformed();
}

function numberOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed();
}

function listOf(value: unknown): readonly Uint8Array[] {
  if (Array.isArray(value)) return value.map(decode);
  throw malformed();
}

function decode(value: unknown): Uint8Array {
  const bytes = decodeBase64(textOf(value));
  if (bytes) return bytes;
  throw malformed();
}

function malformed(): Error {
  return logTampered('inclusion proof', 'is not of its form');
}

function unproven(server: string): HanaperError {
  return new HanaperError(
    'unavailable',
    `${server} does not prove that its log continues what was seen of it: its version may be another, or its database an old copy.`,
    { reason: 'unproven' },
  );
}

function asOfDone({ code, message, details, cause }: HanaperError, { server, receipt }: Proven): HanaperError {
  const cid = formatCid(receipt.invocation.cid);
  return new HanaperError(
    code,
    `${message} What was asked for has the receipt ${cid} there. Do not rely on it.`,
    { ...details, server, receipt: cid, may_be_done: true },
    cause,
  );
}
