import type { Context } from 'hono';
import { requireRefusal } from '../../attempt.ts';
import type { Authority } from '../../authority/authority.ts';
import type { Answer } from '../../authority/execution/execute.ts';
import type { LogWishes } from '../../authority/execution/request.ts';
import { readNoteSize } from '../../authority/log/read-note-size.ts';
import { proveInclusion } from '../../authority/prove-inclusion.ts';
import { decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { HeaderRecord } from './respond.ts';

const proof = 'Hanaper-Proof';
const seen = 'Hanaper-Seen';
const longestSeen = 4096;

/**
 * What a caller wants of the log, by the headers of a request: that it continues the checkpoint in `Hanaper-Seen` (its note in
 * base64url), and that what is written is under a checkpoint at once.
 *
 * @throws HanaperError `bad_input` where the header holds no checkpoint
 */
export function readLogWishes(context: Context): LogWishes {
  const note = readSeen(context);
  return { ...(note && { seen: note.text }), ...(wantsProof(context) && { wantsCheckpoint: true }) };
}

/**
 * The header with the proof that a receipt's entry stands in the log, for callers that ask for it with
 * `Hanaper-Proof: 1`: JSON in base64url, without the receipt; with `Hanaper-Seen` also that the log continues that
 * checkpoint. What was done stays done, and is answered, where the proof fails.
 */
export async function proofHeader(context: Context, authority: Authority, answer: Answer): Promise<HeaderRecord> {
  if (answer.kind === 'result' || !wantsProof(context)) return {};
  const { index, receipt } = answer;
  const since = readSeen(context)?.size;
  try {
    const { receipt: _, ...proven } = await proveInclusion(authority, {
      ...(index === undefined ? { receipt: formatCid(receipt.invocation.cid) } : { index }),
      ...(since !== undefined && { since }),
    });
    return { [proof]: encodeBase64Url(encodeUtf8(JSON.stringify(proven))) };
  } catch (error) {
    requireRefusal(error);
    return {};
  }
}

function wantsProof(context: Context): boolean {
  return context.req.header(proof) === '1';
}

function readSeen(context: Context): { readonly text: string; readonly size: number } | undefined {
  const value = context.req.header(seen);
  if (value === undefined) return undefined;
  const bytes = value.length > longestSeen ? undefined : decodeBase64Url(value);
  const text = bytes && decodeUtf8(bytes);
  if (text === undefined) throw noCheckpoint();
  return { text, size: readSize(text) };
}

function readSize(note: string): number {
  try {
    return readNoteSize(note);
  } catch (cause) {
    throw noCheckpoint(requireRefusal(cause));
  }
}

function noCheckpoint(cause?: HanaperError): HanaperError {
  return new HanaperError(
    'bad_input',
    `${seen} must be the note of a checkpoint in base64url, of at most ${longestSeen} characters.`,
    { header: seen },
    cause,
  );
}
