import { decodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { logProofResult } from '../commands/log.ts';
import type { LogProofDocument } from '../prove-entry.ts';

/**
 * Reads the proof of an entry as a file has it: UTF-8, JSON. `checkProof` tells whether it proves anything.
 *
 * @throws HanaperError `bad_input`
 */
export function parseLogProof(bytes: Uint8Array): LogProofDocument {
  const { data } = logProofResult.safeParse(parseJson(decodeUtf8(bytes)));
  if (data) return data;
  throw new HanaperError(
    'bad_input',
    'This is no proof of an entry of a log. One is made with: hanaper log proof ENTRY --output FILE',
    { expected: 'a proof of /log/proof' },
  );
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
