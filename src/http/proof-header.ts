import type { Context } from 'hono';
import type { Authority } from '../authority/authority.ts';
import type { Answer } from '../authority/execute.ts';
import { proveInclusion } from '../authority/prove-inclusion.ts';
import { encodeBase64Url, encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from '../ucan/cid.ts';
import type { HeaderRecord } from './respond.ts';

const header = 'Hanaper-Proof';

/**
 * The header with the proof that a receipt's entry stands in the log, for whoever asks for it with `Hanaper-Proof: 1`:
 * JSON in base64url, without the receipt. What was done stays done, and is answered, where the proof fails.
 */
export async function proofHeader(context: Context, authority: Authority, answer: Answer): Promise<HeaderRecord> {
  if (answer.kind === 'result' || context.req.header(header) !== '1') return {};
  const { index, receipt } = answer;
  try {
    const { receipt: _, ...proof } = await proveInclusion(
      authority,
      index === undefined ? { receipt: formatCid(receipt.invocation.cid) } : { index },
    );
    return { [header]: encodeBase64Url(encodeUtf8(JSON.stringify(proof))) };
  } catch (error) {
    if (error instanceof HanaperError) return {};
    throw error;
  }
}
